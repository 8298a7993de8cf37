import { samenessOf } from './paths.ts';

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
    const names = link.split('/');
    return this.#walked(names.slice(0, -1), names.slice(-1));
  }

  /** Where a path leads whose folders are spelled like links, whatever it is itself; undefined: out of the repository, or round in a circle. */
  placeOf(path: string): string | undefined {
    const names = path.split('/');
    const { end } = this.#walked([], names.slice(0, -1));
    return end === undefined ? undefined : `${end}/${names.at(-1)}`.replace(/^\//, '');
  }

  trails(): readonly Trail[] {
    return Array.from(this.#targets.keys(), (link) => this.trailOf(link));
  }

  #walked(place: string[], left: string[]): Trail {
    const through: string[] = [];
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

  #at(path: string): string | undefined {
    return this.#targets.has(path) ? path : this.#paths.get(samenessOf(path));
  }
}
