/** What a result depends on. */
export type RunFacts = {
  /** Git's name of the content. */
  readonly tree: string;
  readonly command: string;
  /** Name → a digest of its value. */
  readonly environment: Readonly<Record<string, string>>;
  /** Name of a program or lockfile → a word that changes with it. */
  readonly tools: Readonly<Record<string, string>>;
  /** What became of the result: `kept`, `not passed`, or why it was not kept. */
  readonly outcome: string;
};

const maxNamed = 3;

/** Why there is no stored result for `now`, seen from the last run; `changed`: the files between, undefined when not known. */
export function whyNotCached(
  last: RunFacts | undefined,
  now: RunFacts,
  changed: readonly string[] | undefined,
): string {
  if (last === undefined) return 'first run';
  const reasons = [
    last.command === now.command ? undefined : 'command changed',
    differing('environment changed', last.environment, now.environment),
    differing('tool version changed', last.tools, now.tools),
    last.tree === now.tree ? undefined : `files changed: ${listed(changed ?? [])}`,
  ].filter((reason) => reason !== undefined);
  if (reasons.length > 0) return reasons.join('; ');
  if (last.outcome === 'kept') return 'the stored result is gone';
  return last.outcome === 'not passed' ? 'the last run did not pass, and only passed results are kept' : last.outcome;
}

function differing(what: string, last: RunFacts['tools'], now: RunFacts['tools']): string | undefined {
  const names = [...new Set([...Object.keys(last), ...Object.keys(now)])].filter((name) => last[name] !== now[name]);
  return names.length === 0 ? undefined : `${what}: ${listed(names)}`;
}

function listed(names: readonly string[]): string {
  if (names.length === 0) return 'which ones is not known';
  const more = names.length > maxNamed ? ` and ${names.length - maxNamed} more` : '';
  return `${names.slice(0, maxNamed).join(', ')}${more}`;
}
