import { HoldfastError } from '@holdfast/protocol';
import { quoted } from './policy/paths.ts';

/*
 * Why a change set does not go onto its base, in the same words wherever it is published.
 */

/** It deletes paths at which the base has no file. */
export function deletesNoFile(paths: readonly string[]): HoldfastError {
  const shown = paths.slice(0, 10).map(quoted).join(', ');
  return conflict(
    `The change set deletes what is no file on its base: ${shown}. Make it again from that commit, with each file of a folder named.`,
  );
}

/** It puts something in the place of this file, or of a folder in which it lies, and does not name it as deleted. */
export function deletesUnnamed(path: string): HoldfastError {
  return conflict(
    `The change set deletes ${quoted(path)} without naming it, because it puts something in the place of it or its folder; name it in the deletions.`,
  );
}

/** It deletes or replaces this submodule, or puts something below it. */
export function takesSubmodule(path: string): HoldfastError {
  return conflict(
    `The change set takes away the submodule ${quoted(path)}, or changes what is in it; leave that to a person.`,
  );
}

/** It makes the tree that is there. */
export function changesNothing(): HoldfastError {
  return conflict('The change set changes nothing: what it holds is on its base already.');
}

function conflict(message: string): HoldfastError {
  return new HoldfastError('conflict', message);
}
