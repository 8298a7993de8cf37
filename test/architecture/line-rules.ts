import type { Place } from './place.ts';

/** A row of "a line knows its room": what a line looks like, and where it may stand. */
export type LineRule = {
  readonly of: string;
  readonly pattern: RegExp;
  readonly in: (from: Place, lines: readonly string[], index: number) => boolean;
};

const anywhereElse = (): boolean => false;
const isTopFile = (from: Place, packageName: string, name: string): boolean =>
  from.package === packageName && from.room === '' && from.name === name;
/** What an answer of GitHub's means, and what Octokit's errors stand for. */
const readsGitHub = (from: Place): boolean =>
  from.package === 'gateway' && from.room === 'pulls' && ['classify.ts', 'read-answer.ts'].includes(from.name);
const isErrorTable = (from: Place): boolean => isTopFile(from, 'protocol', 'errors.ts');

export const lineTable: readonly LineRule[] = [
  {
    of: 'process.env stands only in a main.ts, which hands it on, and in config.ts of the gateway',
    pattern: /\bprocess\s*\.\s*env\b|\bprocess\[['"]env['"]\]|\{[^}]*\benv\b[^}]*\}\s*=\s*process\b/,
    in: (from) => isTopFile(from, 'gateway', 'config.ts') || (from.room === '' && from.name === 'main.ts'),
  },
  {
    of: 'SQL stands only in *.sqlite.ts',
    pattern:
      /\b(SELECT\s.*\bFROM\b|INSERT\s+(OR\s+\w+\s+)?INTO\b|UPDATE\s+\w+\s+SET\b|DELETE\s+FROM\b|CREATE\s+(UNIQUE\s+)?(TABLE|INDEX)\b|PRAGMA\s+\w)/,
    in: (from) => from.name.endsWith('.sqlite.ts'),
  },
  {
    of: 'a close code stands only in sockets/ and the error table (the client, at the other end, reads it)',
    pattern: /(?<![\w.])(44\d\d|1009|1012|1013)(?![\w.])/,
    in: (from) => from.room === 'sockets' || from.package === 'client' || isErrorTable(from),
  },
  {
    of: 'an HTTP status stands only in http/ and the error table; an adapter reads its vendor’s, classify.ts of pulls/ GitHub’s',
    pattern:
      /\b(status|statusCode|httpStatus)\s*(:|===?|!==?|>=?|<=?|=)\s*[1-5]\d\d\b|writeHead\(\s*[1-5]\d\d\b|HTTP\/1\.1 [1-5]\d\d/,
    in: (from) => from.room === 'http' || from.kind === 'adapter' || isErrorTable(from) || readsGitHub(from),
  },
  {
    of: 'a process is started only in launcher.local.ts, checks/run.ts, command.git.ts of pulls/, runner/ and agents/',
    pattern:
      /(?<![\w.])(spawn|spawnSync|execFile|execFileSync|execSync|fork)\(|^(?!\s*import type).*['"](node:)?child_process['"]/,
    in: (from) =>
      from.name === 'launcher.local.ts' ||
      (from.room === 'checks' && from.name === 'run.ts') ||
      (from.room === 'pulls' && from.name === 'command.git.ts') ||
      (from.package === 'agent' && (from.room === 'runner' || from.room === 'agents')),
  },
  {
    of: 'JSON.parse( stands only in a parse function',
    pattern: /\bJSON\s*\.\s*parse\b/,
    in: (_from, lines, index) => /^(parse|read|decode)/.test(functionAround(lines, index)),
  },
  {
    of: 'a metric’s name stands only in metrics/',
    pattern:
      /['"`](agent_active_connections|agent_query_duration_seconds|agent_errors_total|holdfast_[a-z_]+_(total|seconds|bytes))\b/,
    in: (from) => from.room === 'metrics',
  },
  {
    of: 'console. stands only in a main.ts or commands/',
    pattern: /(?<![\w.])console\s*\./,
    in: (from) => (from.room === '' && from.name === 'main.ts') || from.room === 'commands',
  },
  {
    of: 'a package for any runtime knows neither Buffer nor process',
    pattern: /(?<![\w.'"`-])(Buffer|process)\s*[.[(]/,
    in: (from) => from.package !== 'protocol' && from.package !== 'client',
  },
  {
    of: 'a test is neither switched off, singled out, repeated, nor unable to fail',
    pattern: /\b(it|test|describe)\.(only|skip|todo)\(|\bretry:\s*[1-9]|expect\(true\)/,
    in: anywhereElse,
  },
];

/** The name of the function, method or constant function that begins last before a line. */
function functionAround(lines: readonly string[], index: number): string {
  const begins =
    /\bfunction\s*\*?\s+(?<named>\w+)|\bconst\s+(?<constant>\w+)\s*(?::[^=]*)?=\s*(?:async\s*)?(?:\([^)]*\)|\w+)\s*(?::[^=]*)?=>|^\s+(?:static\s+|async\s+)*#?(?<method>\w+)\([^)]*\)[^;]*\{\s*$/;
  for (let at = index; at >= 0; at -= 1) {
    const groups = begins.exec(lines[at] ?? '')?.groups;
    const name = groups?.['named'] ?? groups?.['constant'] ?? groups?.['method'];
    if (name !== undefined && !['if', 'for', 'while', 'switch', 'catch'].includes(name)) return name;
  }
  return '';
}
