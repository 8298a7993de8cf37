import type { ChangeSet } from '@holdfast/protocol';
import { deletesNoFile, deletesUnnamed, takesSubmodule } from '../base-conflict.ts';
import { foldersAbove } from '../policy/paths.ts';
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
    if (there === 'commit') throw takesSubmodule(path);
    if (there !== 'blob') missing.push(path);
  }
  if (missing.length > 0) throw deletesNoFile(missing);
  for (const { path } of files) {
    const there = await base.typeOf(path);
    if (there === 'commit') throw takesSubmodule(path);
    const left = there === 'tree' ? await base.firstBelow(path, gone) : undefined;
    if (left !== undefined) throw deletesUnnamed(left);
    for (const folder of foldersAbove(path)) {
      const above = await base.typeOf(folder);
      if (above === undefined) break;
      if (above === 'commit') throw takesSubmodule(folder);
      if (above === 'blob' && !gone.has(folder)) throw deletesUnnamed(folder);
    }
  }
}
