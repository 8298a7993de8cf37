import { UsageError } from './usage-error.ts';

export type Arguments = {
  readonly positionals: readonly string[];
  readonly options: ReadonlyMap<string, string>;
  /** Every value of an option that was given several times, in order; `options` has the last one. */
  readonly all: ReadonlyMap<string, readonly string[]>;
  readonly flags: ReadonlySet<string>;
};

/**
 * Reads a command line: `options` take a value (`--name value` or `--name=value`), `flags` take none; after `--` nothing is an
 * option. Throws UsageError for what is not known. By hand, because a library costs more than the rest of the start.
 */
export function parseArguments(
  args: readonly string[],
  known: { readonly options?: readonly string[]; readonly flags?: readonly string[] },
): Arguments {
  const positionals: string[] = [];
  const options = new Map<string, string>();
  const all = new Map<string, readonly string[]>();
  const flags = new Set<string>();
  for (let at = 0; at < args.length; at += 1) {
    const word = args[at] as string;
    if (word === '--') {
      positionals.push(...args.slice(at + 1));
      break;
    }
    if (!word.startsWith('--')) {
      positionals.push(word);
      continue;
    }
    const [name = '', ...rest] = word.slice(2).split('=');
    if (known.flags?.includes(name) === true && rest.length === 0) {
      flags.add(name);
      continue;
    }
    if (known.options?.includes(name) !== true) throw new UsageError(unknown(name, known));
    const value = rest.length > 0 ? rest.join('=') : args[(at += 1)];
    if (value === undefined) throw new UsageError(`--${name} needs a value.`);
    options.set(name, value);
    all.set(name, [...(all.get(name) ?? []), value]);
  }
  return { positionals, options, all, flags };
}

function unknown(
  name: string,
  known: { readonly options?: readonly string[]; readonly flags?: readonly string[] },
): string {
  const names = [...(known.options ?? []), ...(known.flags ?? [])].map((each) => `--${each}`);
  return `--${name} is not known here; known are ${[...names, '--help', '--version'].join(', ')}.`;
}
