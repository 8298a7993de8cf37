import type { BaseLinks } from '../check-base-links.ts';
import type { ReadFolder } from '../tree-with.ts';
import type { Answered, Repository } from './repository.github.ts';

type TreeEntry = Answered<'GET /repos/{owner}/{repo}/git/trees/{tree_sha}'>['tree'][number];
type Whole = {
  readonly entries: ReadonlyMap<string, TreeEntry>;
  /** What lies in each, the root under the empty name. */
  readonly folders: ReadonlyMap<string, readonly TreeEntry[]>;
  readonly isTruncated: boolean;
};
type Options = { readonly signal: AbortSignal };

/** The tree that a draft stands on: one answer for all of it where GitHub gives that; the folders that are asked about where it is too large. */
export class BaseTree {
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

  /** The files and symbolic links of all folders, or of those that the one answer told of. */
  async links(): Promise<BaseLinks> {
    const { entries, isTruncated } = await this.#read();
    const files = [...entries.values()].filter(({ type }) => type === 'blob');
    return {
      paths: () => files.map(({ path }) => path),
      links: files.filter(({ mode }) => mode === '120000'),
      isCut: isTruncated,
      read: (shas) => Promise.all(shas.map((sha) => this.#contentOf(sha))),
    };
  }

  /** Of one folder; see {@link ReadFolder}. */
  readonly readFolder: ReadFolder = async (folder) => {
    const { folders, isTruncated } = await this.#read();
    const entries = isTruncated ? await this.#folder(folder) : (folders.get(folder) ?? []);
    return entries.map(({ path, mode, sha }) => ({ name: path.slice(path.lastIndexOf('/') + 1), mode, sha }));
  };

  async #contentOf(sha: string): Promise<string> {
    const { content } = await this.#repository.ask(
      'GET /repos/{owner}/{repo}/git/blobs/{file_sha}',
      { file_sha: sha },
      { ...this.#options, doing: 'look up where a symbolic link of the base leads' },
    );
    return Buffer.from(content, 'base64').toString();
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
      folders: Map.groupBy(tree, ({ path }) => path.slice(0, Math.max(0, path.lastIndexOf('/')))),
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
