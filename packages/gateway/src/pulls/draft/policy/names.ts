import type { Trail } from './links.ts';
import { foldersAbove, samenessOf } from './paths.ts';

/** More names than that no file has by accident. */
export const maxNames = 1000;

/** By which names what lies at a path is known, through links. Built once, so that each path costs its depth and not the number of links. */
export class Names {
  /** The links that lead to a place, by its {@link samenessOf}. */
  readonly #leadingTo = new Map<string, Set<string>>();
  /** The links on whose way a place lies, or a folder above what does. */
  readonly #leadingAcross = new Map<string, Set<string>>();

  constructor(trails: readonly Trail[]) {
    for (const { end, through } of trails) {
      const [link = '', ...others] = through;
      if (end !== undefined) add(this.#leadingTo, end, link);
      for (const place of end === undefined ? others : [...others, end]) {
        for (const above of [...foldersAbove(place), place]) add(this.#leadingAcross, above, link);
      }
    }
  }

  /** Of a path that a draft changes: itself first, then at most so many that there are {@link maxNames}. */
  of(path: string): ReadonlySet<string> {
    // Whoever changes what is on the way of a link changes where it leads.
    const names = new Set([path, ...(this.#leadingAcross.get(samenessOf(path)) ?? [])]);
    const found = Array.from(names, (name) => ({ name, used: new Set(name === path ? [] : [name]) }));
    for (const { name, used } of found) {
      for (const [link, rest] of this.#leadingToOrAbove(name)) {
        // Through the same one twice there is nothing new, and no end to it.
        if (used.has(link)) continue;
        const other = rest === '' ? link : `${link}/${rest}`;
        if (names.has(other)) continue;
        names.add(other);
        if (names.size >= maxNames) return names;
        found.push({ name: other, used: new Set([...used, link]) });
      }
    }
    return names;
  }

  *#leadingToOrAbove(name: string): Iterable<readonly [link: string, rest: string]> {
    const parts = name.split('/');
    const folded = samenessOf(name).split('/');
    for (let depth = 0; depth <= parts.length; depth += 1) {
      const rest = parts.slice(depth).join('/');
      for (const link of this.#leadingTo.get(folded.slice(0, depth).join('/')) ?? []) yield [link, rest];
    }
  }
}

function add(links: Map<string, Set<string>>, place: string, link: string): void {
  const key = samenessOf(place);
  const there = links.get(key);
  if (there) there.add(link);
  else links.set(key, new Set([link]));
}
