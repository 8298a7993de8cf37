import { execFile } from 'node:child_process';
import { parseArguments } from '../lib/arguments.ts';
import { UsageError } from '../lib/usage-error.ts';
import { findClaude } from './claude/find.ts';
import type { AgentFound } from './agent-found.ts';
import { version } from '../version.ts';

type Environment = Readonly<Record<string, string | undefined>>;

const help = `Usage: holdfast-agent agents [--json]

Which agents are found here, their versions, and whether they are signed in.

  --json   one JSON object a line: {"name", "found", "version", "signedIn", "hint"}
`;

/** `holdfast-agent agents`: a table on a terminal, JSON lines with --json. */
export async function agentsCommand(args: readonly string[], environment: Environment): Promise<number> {
  if (args.includes('--help')) return print(help);
  const { positionals, flags } = parseArguments(args, { flags: ['json'] });
  if (positionals.length > 0) throw new UsageError(`"agents" takes no argument, not "${positionals[0]}".`);
  const demo: AgentFound = { name: 'demo', found: true, version, signedIn: true };
  const found = [await findClaude((command, words) => ask(command, words, environment)), demo];
  if (flags.has('json')) return print(found.map((agent) => `${JSON.stringify(agent)}\n`).join(''));
  return print(table(found));
}

/** What a program prints; undefined when it is not there or does not answer in 10 s. */
function ask(command: string, args: readonly string[], env: Environment): Promise<string | undefined> {
  return new Promise((resolve) => {
    execFile(command, args, { env, timeout: 10_000, killSignal: 'SIGKILL' }, (fault, stdout) => {
      const isMissing = fault !== null && (fault.code === 'ENOENT' || fault.killed === true);
      resolve(isMissing ? undefined : stdout);
    });
  });
}

function table(agents: readonly AgentFound[]): string {
  const rows = agents.map((agent) => [
    agent.name,
    agent.found ? (agent.version ?? 'found') : 'not found',
    agent.signedIn === undefined ? '' : agent.signedIn ? 'signed in' : 'not signed in',
    agent.hint ?? '',
  ]);
  const all = [['AGENT', 'VERSION', 'SIGNED IN', ''], ...rows];
  const widths = [0, 1, 2].map((column) => Math.max(...all.map((row) => row[column]?.length ?? 0)));
  return all
    .map(
      (row) =>
        `${row
          .map((cell, column) => cell.padEnd(widths[column] ?? 0))
          .join('  ')
          .trimEnd()}\n`,
    )
    .join('');
}

function print(text: string): Promise<number> {
  return new Promise((resolve) => {
    process.stdout.write(text, () => resolve(0));
  });
}
