import type { Links } from './links.ts';
import { samenessOf } from './paths.ts';

/** Of all paths together. Each is held against the patterns; so many cost a second or two, in which the gateway does nothing else. */
const maxLetters = 4_000_000;

/** What lies below the places to which links lead, as every usual file system takes them. */
export class FilesBelow {
  readonly #paths: () => readonly string[];
  #sorted: readonly FoldedFile[] | undefined;
  #letters = 0;

  /** They are asked for when the first folder is. */
  constructor(paths: () => readonly string[]) {
    this.#paths = paths;
  }

  /** There was more than is looked at: what was given was not all. */
  get isCut(): boolean {
    return this.#letters >= maxLetters;
  }

  /** Where the files and links in a folder (empty: the root) lie from there on, what is behind other links too. */
  from(folder: string, links: Links): Iterable<string> {
    return this.#walk(folder, links, '', []);
  }

  *#walk(folder: string, links: Links, way: string, used: readonly string[]): Iterable<string> {
    const inside = folder === '' ? '' : `${samenessOf(folder)}/`;
    const depth = folder === '' ? 0 : folder.split('/').length;
    const files = this.#files();
    for (let at = firstFrom(files, inside); ; at += 1) {
      const file = files[at];
      if (!file?.folded.startsWith(inside) || this.isCut) return;
      const name = file.path.split('/').slice(depth).join('/');
      this.#letters += way.length + name.length;
      yield way + name;
      const end = links.has(file.path) ? links.trailOf(file.path).end : undefined;
      // Through the same one twice there is nothing new, and no end to it.
      if (end === undefined || used.includes(file.path)) continue;
      yield* this.#walk(end, links, `${way}${name}/`, [...used, file.path]);
    }
  }

  /** Sorted, so that what lies below a folder lies together. */
  #files(): readonly FoldedFile[] {
    this.#sorted ??= this.#paths()
      .map((path) => ({ path, folded: samenessOf(path) }))
      .sort((a, b) => (a.folded < b.folded ? -1 : 1));
    return this.#sorted;
  }
}

type FoldedFile = { readonly path: string; readonly folded: string };

function firstFrom(files: readonly FoldedFile[], folded: string): number {
  let [from, to] = [0, files.length];
  while (from < to) {
    const middle = (from + to) >>> 1;
    if ((files[middle]?.folded ?? '') < folded) from = middle + 1;
    else to = middle;
  }
  return from;
}
