import { HoldfastError, type ChangedFile, type ChangeSet } from '@holdfast/protocol';
import { changesNothing, deletesNoFile, deletesUnnamed, takesSubmodule } from '../base-conflict.ts';
import { contentOf } from '../git-objects.ts';
import { quoted } from '../policy/paths.ts';
import type { Workshop } from './workshop.git.ts';

/** The base's tree with the change set in it. Rejects with `conflict` when it is another one than the workspace made. */
export async function writeTree(shop: Workshop, changeSet: ChangeSet): Promise<string> {
  const { baseSha, files, deletions, treeSha } = changeSet;
  // What is on the base is there, under whatever name; only what a draft writes has to suit every machine.
  await shop.git(['-c', 'core.protectHFS=false', '-c', 'core.protectNTFS=false', 'read-tree', baseSha]);
  const blobs = await writeBlobs(shop, files);
  const noSha = '0'.repeat(baseSha.length);
  const lines = [
    ...deletions.map((path) => `0 ${noSha}\t${path}\0`),
    ...files.map(({ mode, path }, at) => `${mode} ${blobs[at] ?? ''}\t${path}\0`),
  ];
  await shop.git(['update-index', '-z', '--index-info'], { stdin: lines.join('') });
  await refuseIgnored(shop, files);
  await refuseUnnamed(shop, changeSet);
  // Contents of the base may not be here; the remote has them.
  const made = (await shop.git(['write-tree', '--missing-ok'])).trim();
  if (made === (await shop.git(['rev-parse', `${baseSha}^{tree}`])).trim()) throw changesNothing();
  if (treeSha === undefined || treeSha === made) return made;
  throw new HoldfastError(
    'conflict',
    `The change set makes the tree ${made} and not ${treeSha}, which the workspace has; take the change set anew.`,
  );
}

/** What git does not take as a path it leaves out, and says so to nobody. */
async function refuseIgnored(shop: Workshop, files: readonly ChangedFile[]): Promise<void> {
  if (files.length === 0) return;
  const taken = new Set((await shop.git(['ls-files', '-z', '--', ...files.map(({ path }) => path)])).split('\0'));
  const ignored = files.find(({ path }) => !taken.has(path));
  if (ignored === undefined) return;
  throw new HoldfastError('bad_message', `git does not take ${quoted(ignored.path)} as a path; rename the file.`);
}

/** A file in the place of a folder, or a folder in that of a file, deletes what was there without a word, protected or not. */
async function refuseUnnamed(shop: Workshop, { baseSha, deletions }: ChangeSet): Promise<void> {
  const changed = await shop.git(['diff-index', '--cached', '--no-renames', '--diff-filter=DMT', '-z', baseSha]);
  // Of each first `:mode mode sha sha letter`, then its path.
  const fields = changed.split('\0');
  const before = fields.flatMap((path, at) => {
    if (at % 2 === 0) return [];
    const [mode, , , , letter] = fields[at - 1]?.split(' ') ?? [];
    return [{ path, isSubmodule: mode === ':160000', isGone: letter === 'D' }];
  });
  const submodule = before.find(({ isSubmodule }) => isSubmodule);
  if (submodule) throw takesSubmodule(submodule.path);
  const gone = new Set(before.flatMap(({ path, isGone }) => (isGone ? [path] : [])));
  const named = new Set(deletions);
  const lost = [...gone].find((path) => !named.has(path));
  if (lost !== undefined) throw deletesUnnamed(lost);
  const missing = deletions.filter((path) => !gone.has(path));
  if (missing.length > 0) throw deletesNoFile(missing);
}

async function writeBlobs(shop: Workshop, files: readonly ChangedFile[]): Promise<readonly string[]> {
  if (files.length === 0) return [];
  const names = await shop.hold(files.map(contentOf));
  const said = await shop.git(['hash-object', '-w', '--no-filters', '--stdin-paths'], {
    stdin: `${names.join('\n')}\n`,
  });
  return said.trim().split('\n');
}
