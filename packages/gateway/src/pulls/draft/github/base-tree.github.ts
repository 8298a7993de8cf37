import { HoldfastError, type ChangeSet } from '@holdfast/protocol';
import { foldersAbove, quoted } from '../policy/paths.ts';
import type { Answered, Repository } from './repository.github.ts';

type TreeEntry = { readonly path: string; readonly type: string; readonly sha: string };
type Whole = { readonly entries: ReadonlyMap<string, TreeEntry>; readonly isTruncated: boolean };
type Options = { readonly signal: AbortSignal };

/**
 * Holds a change set against what is on its base. In a tree request one entry at the path of a folder takes the whole folder away, without a word of
 * what was in it, and one below a file takes the file away: no policy would see that, and no limit count it. Throws `conflict`, with the paths.
 */
export async function checkAgainstBase(
  repository: Repository,
  baseTree: string,
  { files, deletions }: ChangeSet,
  options: Options,
): Promise<void> {
  const base = new BaseTree(repository, baseTree, options);
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

/** One answer for all of it where GitHub gives that; the folders that are asked about where it is too large. */
class BaseTree {
  readonly #repository: Repository;
  readonly #sha: string;
  readonly #options: Options;
  readonly #folders = new Map<string, Promise<readonly TreeEntry[]>>();
  #whole: Promise<Whole> | undefined;

  constructor(repository: Repository, sha: string, options: Options) {
    this.#repository = repository;
    this.#sha = sha;
    this.#options = options;
  }

  async typeOf(path: string): Promise<string | undefined> {
    return (await this.#entryAt(path))?.type;
  }

  /** The first path below a folder that is not among those that are gone. */
  async firstBelow(folder: string, gone: ReadonlySet<string>): Promise<string | undefined> {
    const { entries, isTruncated } = await this.#read();
    if (!isTruncated) {
      return [...entries.values()].find(
        ({ path, type }) => type !== 'tree' && path.startsWith(`${folder}/`) && !gone.has(path),
      )?.path;
    }
    for (const { path, type } of await this.#folder(folder)) {
      const below = `${folder}/${path}`;
      const left = type === 'tree' ? await this.firstBelow(below, gone) : gone.has(below) ? undefined : below;
      if (left !== undefined) return left;
    }
    return undefined;
  }

  async #entryAt(path: string): Promise<TreeEntry | undefined> {
    const { entries, isTruncated } = await this.#read();
    if (!isTruncated) return entries.get(path);
    const cut = path.lastIndexOf('/');
    const name = path.slice(cut + 1);
    return (await this.#folder(path.slice(0, Math.max(0, cut)))).find((entry) => entry.path === name);
  }

  /** What lies in a folder of a tree that is too large; nothing for what is none. */
  #folder(path: string): Promise<readonly TreeEntry[]> {
    const known = this.#folders.get(path);
    if (known) return known;
    const reading = this.#readFolder(path);
    this.#folders.set(path, reading);
    return reading;
  }

  async #readFolder(path: string): Promise<readonly TreeEntry[]> {
    if (path === '') return (await this.#ask(this.#sha)).tree;
    const entry = await this.#entryAt(path);
    return entry?.type === 'tree' ? (await this.#ask(entry.sha)).tree : [];
  }

  #read(): Promise<Whole> {
    this.#whole ??= this.#ask(this.#sha, { recursive: '1' }).then(({ tree, truncated }) => ({
      entries: new Map(tree.map((entry) => [entry.path, entry])),
      isTruncated: truncated,
    }));
    return this.#whole;
  }

  #ask(
    sha: string,
    more: { readonly recursive?: string } = {},
  ): Promise<Answered<'GET /repos/{owner}/{repo}/git/trees/{tree_sha}'>> {
    const { signal } = this.#options;
    return this.#repository.ask(
      'GET /repos/{owner}/{repo}/git/trees/{tree_sha}',
      { tree_sha: sha, ...more },
      { signal, doing: 'look up what is on the base' },
    );
  }
}
