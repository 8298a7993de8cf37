import type { ChangedFile, ChangeSet } from '@holdfast/protocol';
import { contentOf } from '../git-objects.ts';
import { pathFault, quoted, samenessOf } from './paths.ts';
import { alwaysProtected, ProtectedPaths } from './protected-paths.ts';
import { linkFaults } from './symlinks.ts';

/** What a project's drafts may be, from the configuration; nothing of it comes from who asks for one. */
export type DraftPolicy = {
  /** Branch that a draft is meant for; null: the repository's default branch. */
  readonly base: string | null;
  /** In front of the draft's id. */
  readonly branchPrefix: string;
  /** Globs (`*`, `**`, `?`) of what nobody may touch, on top of those that are always protected. */
  readonly protectedPaths: readonly string[];
  /** Changed files and deletions together. */
  readonly maxFiles: number;
  /** Contents of all files together. */
  readonly maxBytes: number;
  readonly labels: readonly string[];
  readonly author: { readonly name: string; readonly email: string };
};

/**
 * Why a change set may not be published: sentences that name the path and the rule, as a person may read them; empty when it may. The change
 * set is one that `parseChangeSet` let through.
 */
export function policyFaults(
  policy: Pick<DraftPolicy, 'protectedPaths' | 'maxFiles' | 'maxBytes'>,
  changeSet: ChangeSet,
): readonly string[] {
  const { files, deletions } = changeSet;
  const count = files.length + deletions.length;
  if (count === 0) return ['The change set is empty: there is nothing to propose.'];
  // Nothing else is looked at, so that a change set without measure costs nothing.
  if (count > policy.maxFiles) {
    return [`The change set touches ${count} files; a draft has at most ${policy.maxFiles}. Split it.`];
  }
  const protectedPaths = new ProtectedPaths([...alwaysProtected, ...policy.protectedPaths]);
  const touched = [
    ...files.map(({ path }) => touches(path, 'changes')),
    ...deletions.map((path) => touches(path, 'deletes')),
  ];
  const malformed = touched.filter(({ fault }) => fault !== undefined);
  return [
    ...sizeFaults(policy, files),
    ...malformed.map(({ path, fault = '' }) => `The path ${quoted(path)} ${fault}.`),
    ...touched.filter(({ fault }) => fault === undefined).flatMap((one) => protectionFaults(one, protectedPaths)),
    // Paths have to be some before they can be held against each other.
    ...(malformed.length > 0 ? [] : [...samenessFaults(changeSet), ...linkFaults(files, protectedPaths)]),
  ];
}

type Touched = { readonly path: string; readonly verb: 'changes' | 'deletes'; readonly fault: string | undefined };

function touches(path: string, verb: Touched['verb']): Touched {
  return { path, verb, fault: pathFault(path) };
}

function sizeFaults({ maxBytes }: Pick<DraftPolicy, 'maxBytes'>, files: readonly ChangedFile[]): readonly string[] {
  const bytes = files.reduce((sum, file) => sum + contentOf(file).byteLength, 0);
  if (bytes <= maxBytes) return [];
  return [`The change set has ${bytes} bytes of content; a draft has at most ${maxBytes}. Split it.`];
}

function protectionFaults({ path, verb }: Touched, protectedPaths: ProtectedPaths): readonly string[] {
  const found = protectedPaths.find(path);
  if (found === undefined) return [];
  const rule = `${quoted(found.pattern)} is protected`;
  return found.relation === 'protected'
    ? [`The draft ${verb} ${quoted(path)}, and ${rule}. Leave it to a person with the right to.`]
    : [`The draft ${verb} ${quoted(path)}, which is a folder above ${quoted(found.pattern)}, and ${rule}.`];
}

/** Two paths that are one file where case or Unicode forms do not count, and a file where another needs a folder. */
function samenessFaults({ files, deletions }: ChangeSet): readonly string[] {
  const faults: string[] = [];
  const taken = new Map<string, string>();
  for (const { path } of files) {
    const key = samenessOf(path);
    const other = taken.get(key);
    if (other === undefined) taken.set(key, path);
    else faults.push(`${quoted(other)} and ${quoted(path)} are one file on some file systems. Rename one.`);
  }
  // Sorted so, what lies below a path comes right after it.
  let above = { place: '/', path: '' };
  const places = files.map(({ path }) => ({ place: `${samenessOf(path)}/`, path }));
  for (const one of places.sort((a, b) => (a.place < b.place ? -1 : 1))) {
    if (one.place === above.place || !one.place.startsWith(above.place)) above = one;
    else faults.push(`${quoted(one.path)} lies below ${quoted(above.path)}, which the draft makes a file or a link.`);
  }
  const changed = new Set(files.map(({ path }) => path));
  for (const path of deletions) {
    // Deleted in another spelling than it is written: that is how a rename by case looks.
    if (changed.has(path)) faults.push(`The draft both changes and deletes ${quoted(path)}.`);
  }
  return faults;
}
