import type { Reading } from './reader.ts';

/** What these tools may be told without beginning to speak, or to keep silent about something. */
const tools: Readonly<Record<string, { readonly options: RegExp; readonly withValue: RegExp }>> = {
  eslint: {
    options:
      /^(?:--cache|--fix|--no-error-on-unmatched-pattern|--report-unused-disable-directives|--max-warnings=\d+)$/,
    withValue: /^(?:--ext|-c|--config|--max-warnings|--cache-location|--ignore-pattern)$/,
  },
  stylelint: {
    options: /^(?:--cache|--fix|--max-warnings=\d+)$/,
    withValue: /^(?:--config|--max-warnings|--cache-location|--ignore-pattern)$/,
  },
  tsc: {
    options: /^(?:--noEmit|--build|-b|--strict|--skipLibCheck|--incremental|--noEmit=true|--emitDeclarationOnly)$/,
    withValue: /^(?:-p|--project)$/,
  },
};

/**
 * eslint, stylelint and tsc print nothing when they have nothing to complain of, not even that they ran. That nothing came counts
 * as their word only where it is known what was run: a package manager tells the script's command before it runs it (npm and
 * pnpm `> eslint src`, yarn and bun `$ eslint src`), the command ended with 0, and not one other line was printed. Any option
 * that makes a tool quieter, or that is not known here, and nothing is known.
 */
export class Silence {
  #command: string | undefined;
  #isBroken = false;
  #hasTitle = false;

  readLine(line: string): void {
    if (this.#isBroken || line.trim() === '') return;
    const said = /^(?:> |\$ )(?<command>\S.*)$/.exec(line)?.groups?.['command'];
    if (said !== undefined && this.#command === undefined) this.#readCommand(line, said);
    else if (!/^(?:yarn run v\d|Done in [\d.]+m?s\.?$)/.test(line)) this.#isBroken = true;
  }

  finish(returnCode: number | null): Reading | undefined {
    if (this.#isBroken || this.#command === undefined || returnCode !== 0) return undefined;
    const names = this.#command.split('&&').map((part) => silentTool(part.trim()));
    if (names.length === 0 || names.includes(undefined)) return undefined;
    return {
      source: `${[...new Set(names)].join(' + ')} (silent)`,
      kind: 'lint',
      counts: { errors: 0, warnings: 0 },
      problems: [],
      saysFailed: false,
      authority: 1,
    };
  }

  /** npm and pnpm say first whose script it is: `> shop@1.0.0 lint`, or without a name of the package `> lint`. */
  #readCommand(line: string, said: string): void {
    const isTitle = line.startsWith('> ') && !this.#hasTitle && /^(?:[^\s@]*@\S* )?\S+(?: \/.*)?$/.test(said);
    if (isTitle) this.#hasTitle = true;
    else this.#command = said;
  }
}

function silentTool(command: string): string | undefined {
  const [name = '', ...words] = command.split(/\s+/);
  const tool = tools[name];
  if (tool === undefined || /[|;<>&`$()]/.test(command)) return undefined;
  for (let at = 0; at < words.length; at += 1) {
    const word = words[at] ?? '';
    if (tool.withValue.test(word)) at += 1;
    else if (word.startsWith('-') && !tool.options.test(word)) return undefined;
  }
  return name;
}
