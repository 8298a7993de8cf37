import { resolve } from 'node:path';
import { checkNames } from '@holdfast/protocol';

/** What this side has to know of a command line that is the agent's: where, and what is to be printed. */
export type CommandLine = {
  /** Absolute: the directory that is checked. */
  readonly directory: string;
  readonly asksHelp: boolean;
  /** The agent's own output is what is wanted: `--json`, `--events`. */
  readonly isRaw: boolean;
  /** Ends when the input does: `--with-parent`. */
  readonly endsWithInput: boolean;
  /** The checks that `--only` names, or all. */
  readonly only: readonly string[];
  readonly gates: readonly string[];
};

/** Options of `holdfast-agent check` without a value; a test holds them against the agent. */
export const flags: ReadonlySet<string> = new Set(['serial', 'events', 'json', 'no-cache', 'with-parent', 'help']);

/** Reads it as the agent will. What is wrong with it, the agent says. */
export function readCommandLine(args: readonly string[], cwd: string): CommandLine {
  const positionals: string[] = [];
  const values = new Map<string, string[]>();
  for (let at = 0; at < args.length; at += 1) {
    const word = args[at] ?? '';
    if (word === '--') {
      positionals.push(...args.slice(at + 1));
      break;
    }
    if (!word.startsWith('--')) {
      if (word !== '-h') positionals.push(word);
      continue;
    }
    const [name = '', ...rest] = word.slice(2).split('=');
    const isFlag = flags.has(name) && rest.length === 0;
    const value = isFlag ? '' : rest.length > 0 ? rest.join('=') : (args[(at += 1)] ?? '');
    values.set(name, [...(values.get(name) ?? []), value]);
  }
  const only = values.get('only')?.at(-1);
  return {
    directory: resolve(cwd, values.get('project')?.at(-1) ?? '', positionals[0] ?? '.'),
    asksHelp: args.includes('--help') || args.includes('-h'),
    isRaw: values.has('json') || values.has('events'),
    endsWithInput: values.has('with-parent'),
    only: only === undefined ? checkNames : only.split(',').map((name) => name.trim()),
    gates: values.get('gate') ?? [],
  };
}
