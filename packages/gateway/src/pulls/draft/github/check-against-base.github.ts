import { HoldfastError, type ChangeSet } from '@holdfast/protocol';
import { foldersAbove, quoted } from '../policy/paths.ts';
import type { BaseTree } from './base-tree.github.ts';

/**
 * Holds a change set against what is on its base. In a tree request one entry at the path of a folder takes the whole folder away, without a word of
 * what was in it, and one below a file takes the file away: no policy would see that, and no limit count it. Throws `conflict`, with the paths.
 */
export async function checkAgainstBase(base: BaseTree, { files, deletions }: ChangeSet): Promise<void> {
  const gone = new Set(deletions);
  const missing: string[] = [];
  for (const path of deletions) {
    const there = await base.typeOf(path);
    if (there === undefined) missing.push(path);
    if (there !== undefined && there !== 'blob') throw notNamed(path, there);
  }
  if (missing.length > 0) {
    throw new HoldfastError(
      'conflict',
      `The change set deletes what is not on its base: ${missing.slice(0, 10).map(quoted).join(', ')}. Make it again from that commit.`,
    );
  }
  for (const { path } of files) {
    const there = await base.typeOf(path);
    if (there === 'commit') throw notNamed(path, there);
    const left = there === 'tree' ? await base.firstBelow(path, gone) : undefined;
    if (left !== undefined) throw notNamed(path, 'tree', left);
    for (const folder of foldersAbove(path)) {
      const above = await base.typeOf(folder);
      if (above === undefined) break;
      if (above === 'commit' || (above === 'blob' && !gone.has(folder))) throw notNamed(folder, above);
    }
  }
}

function notNamed(path: string, type: string, left?: string): HoldfastError {
  const more = left === undefined ? '' : ` (such as ${quoted(left)})`;
  switch (type) {
    case 'commit':
      return new HoldfastError(
        'conflict',
        `The change set takes away the submodule ${quoted(path)}, or changes what is in it; leave that to a person.`,
      );
    case 'tree':
      return new HoldfastError(
        'conflict',
        `The change set takes away the folder ${quoted(path)} without naming what is in it${more}; name each file as a deletion.`,
      );
    default:
      return new HoldfastError(
        'conflict',
        `The change set makes a folder of the file ${quoted(path)} without naming it; name it as a deletion.`,
      );
  }
}
