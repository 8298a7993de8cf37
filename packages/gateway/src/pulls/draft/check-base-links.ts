import { HoldfastError, type ChangeSet } from '@holdfast/protocol';
import { baseLinkFaults, concernsLinks } from './policy/base-links.ts';
import type { DraftPolicy } from './policy/policy.ts';
import { alwaysProtected, ProtectedPaths } from './policy/protected-paths.ts';

/** What is on a base, and the symbolic links among it. What they hold is where they lead. */
export type BaseLinks = {
  /** Of all files, links among them. */
  readonly paths: () => readonly string[];
  readonly links: readonly { readonly path: string; readonly sha: string }[];
  /** There are more that were not listed. */
  readonly isCut: boolean;
  /** What is in these blobs, in their order. */
  readonly read: (shas: readonly string[]) => Promise<readonly string[]>;
};

/** Each is a request on GitHub. Links that lead to the same place from where they are have one. */
const maxReads = 200;

/** Holds the policy against the names that a change set has through links of its base. Throws `forbidden`, with the paths. */
export async function checkBaseLinks(
  { protectedPaths }: Pick<DraftPolicy, 'protectedPaths'>,
  changeSet: ChangeSet,
  { paths, links, isCut, read }: BaseLinks,
): Promise<void> {
  const rules = new ProtectedPaths([...alwaysProtected, ...protectedPaths]);
  if (isCut && changeSet.files.some(({ mode }) => mode === '120000')) {
    throw notTold('its base has more files than can be listed at once, and the draft a symbolic link');
  }
  const linkPaths = links.map(({ path }) => path);
  if (!concernsLinks(changeSet, linkPaths, rules)) return;
  const shas = [...new Set(links.map(({ sha }) => sha))];
  if (shas.length > maxReads) {
    throw notTold(
      `its base has symbolic links to ${shas.length} places, and ${maxReads} is the most that are followed`,
    );
  }
  const targets = shas.length === 0 ? [] : await read(shas);
  const bySha = new Map(shas.map((sha, at) => [sha, targets[at] ?? '']));
  const base = { links: new Map(links.map(({ path, sha }) => [path, bySha.get(sha) ?? ''])), paths };
  const faults = baseLinkFaults(changeSet, base, rules);
  if (faults.length > 0) {
    throw new HoldfastError('forbidden', `${faults.slice(0, 10).join(' ')} Leave it to a person with the right to.`);
  }
}

function notTold(why: string): HoldfastError {
  return new HoldfastError(
    'forbidden',
    `Whether the draft reaches what is protected cannot be told: ${why}. Leave it to a person with the right to.`,
  );
}
