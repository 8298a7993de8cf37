import type { ChangeSet } from '@holdfast/protocol';
import { blobSha, contentOf, treeSha, type HashName, type TreeEntry } from './git-objects.ts';

/** What lies in a folder of the base (empty: the root); nothing for what is no folder. Names and not paths. */
export type ReadFolder = (folder: string) => Promise<readonly TreeEntry[]>;

/** Those that git writes; what other programs wrote long ago, git writes otherwise. */
const modes: ReadonlySet<string> = new Set(['40000', '040000', '100644', '100755', '120000', '160000']);

/**
 * The tree that git makes of a base tree with a change set in it, out of those folders of it that the change set touches. Undefined when it cannot
 * be told: what is listed is not what the base's own shas are made of, or git would write it otherwise.
 */
export async function treeWith(
  readFolder: ReadFolder,
  baseTree: string,
  { files, deletions }: ChangeSet,
): Promise<string | undefined> {
  const hash: HashName = baseTree.length === 64 ? 'sha256' : 'sha1';
  const changes: readonly Change[] = [
    ...deletions.map((path) => ({ names: path.split('/'), made: undefined })),
    ...files.map((file) => ({
      names: file.path.split('/'),
      made: { mode: file.mode, sha: blobSha(contentOf(file), hash) },
    })),
  ];
  const made = await new Builder(readFolder, hash).build('', baseTree, changes);
  return made.kind === 'empty' ? treeSha([], hash) : made.kind === 'folder' ? made.sha : undefined;
}

type Change = { readonly names: readonly string[]; readonly made: Omit<TreeEntry, 'name'> | undefined };
/** Git has no empty folders but the root. */
type Built = { readonly kind: 'folder'; readonly sha: string } | { readonly kind: 'empty' | 'unknown' };

class Builder {
  readonly #readFolder: ReadFolder;
  readonly #hash: HashName;

  constructor(readFolder: ReadFolder, hash: HashName) {
    this.#readFolder = readFolder;
    this.#hash = hash;
  }

  /** `before` is the folder's sha on the base; undefined where it is new. */
  async build(folder: string, before: string | undefined, changes: readonly Change[]): Promise<Built> {
    const there = before === undefined ? [] : await this.#readFolder(folder);
    const isKnown = before === undefined || treeSha(there, this.#hash) === before;
    if (!isKnown || there.some(({ mode }) => !modes.has(mode))) return { kind: 'unknown' };
    const entries = new Map(there.map((entry) => [entry.name, entry]));
    for (const [name, inside] of Map.groupBy(changes, ({ names }) => names[0] ?? '')) {
      const here = inside.find(({ names }) => names.length === 1);
      const below = inside.filter(({ names }) => names.length > 1);
      const old = entries.get(name);
      if (here) entries.delete(name);
      if (here?.made) entries.set(name, { name, ...here.made });
      // What is below a new file can only be what it takes the place of.
      if (here?.made || below.length === 0) continue;
      const isFolder = old !== undefined && /^0?40000$/.test(old.mode);
      const path = folder === '' ? name : `${folder}/${name}`;
      const deeper = below.map((change) => ({ ...change, names: change.names.slice(1) }));
      const built = await this.build(path, isFolder ? old.sha : undefined, deeper);
      if (built.kind === 'unknown') return built;
      if (built.kind === 'folder') entries.set(name, { name, mode: '40000', sha: built.sha });
      else entries.delete(name);
    }
    if (entries.size === 0) return { kind: 'empty' };
    return { kind: 'folder', sha: treeSha([...entries.values()], this.#hash) };
  }
}
