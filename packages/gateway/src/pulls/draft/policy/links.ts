import { foldersAbove, samenessOf } from './paths.ts';

/** Where symbolic links lead, by their paths. */
export type LinkTargets = ReadonlyMap<string, string>;

/** Where a link leads in the end. */
export type Trail = {
  /** From the root, which is empty; undefined: out of the repository, or round in a circle. What is not there counts as a folder. */
  readonly end: string | undefined;
  /** The links on the way, itself first. */
  readonly through: readonly string[];
};

/** As many as Linux follows. */
const maxHops = 40;

/** Links as every usual file system takes them: letter case and Unicode forms tell none apart that one of them takes for the same. */
export class Links {
  readonly #targets: LinkTargets;
  readonly #paths: ReadonlyMap<string, string>;

  constructor(targets: LinkTargets) {
    this.#targets = targets;
    this.#paths = new Map(Array.from(targets.keys(), (path) => [samenessOf(path), path]));
  }

  has(path: string): boolean {
    return this.#targets.has(path);
  }

  trailOf(link: string): Trail {
    const through: string[] = [];
    const place: string[] = [...(foldersAbove(link).at(-1)?.split('/') ?? [])];
    const left = [link.slice(link.lastIndexOf('/') + 1)];
    for (let name = left.shift(); name !== undefined; name = left.shift()) {
      if (name === '' || name === '.') continue;
      if (name === '..') {
        if (place.pop() === undefined) return { end: undefined, through };
        continue;
      }
      const next = this.#at([...place, name].join('/'));
      if (next === undefined) {
        place.push(name);
        continue;
      }
      through.push(next);
      const target = this.#targets.get(next) ?? '';
      if (target.startsWith('/') || through.length > maxHops) return { end: undefined, through };
      left.unshift(...target.split('/'));
    }
    return { end: place.join('/'), through };
  }

  trails(): readonly Trail[] {
    return Array.from(this.#targets.keys(), (link) => this.trailOf(link));
  }

  #at(path: string): string | undefined {
    return this.#targets.has(path) ? path : this.#paths.get(samenessOf(path));
  }
}
