import {
  copyFileSync,
  existsSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { join, resolve } from 'node:path';
import type { Answer } from './run.ts';

/** Runs git in a directory. */
export type AskGit = (args: readonly string[], variables: Readonly<Record<string, string>>) => Promise<Answer>;

/** The content below a directory as git names it, or why it has no name. */
export type TreeHash = { readonly hash: string } | { readonly none: string };

/** Objects of files that are not committed; when there are more the folder is begun anew. */
const maxObjectFolders = 200;

/**
 * Names the content of all files below a directory that git tracks or does not ignore. The user's index and object store are
 * only read: `folder` has an index and objects of its own, which also remembers which files it has looked at, so the next time
 * only what has changed is read.
 */
export class ContentOfTree {
  readonly #git: AskGit;
  readonly #folder: string;
  #place: Promise<Place | string> | undefined;

  constructor(git: AskGit, folder: string) {
    this.#git = git;
    this.#folder = folder;
  }

  async hash(): Promise<TreeHash> {
    const place = await (this.#place ??= this.#find());
    if (typeof place === 'string') return { none: place };
    // What is in another repository is named by its commit only, not by its content.
    if (existsSync(join(place.root, '.gitmodules'))) return { none: 'the repository has submodules' };
    const variables = this.#variables(place);
    const added = await this.#git(
      ['-c', 'core.fsmonitor=false', '-c', 'core.untrackedCache=true', 'add', '--all', '--', '.'],
      variables,
    );
    if (added.code !== 0) return { none: `git could not read the files: ${firstLine(added.stderr)}` };
    if (/embedded git repository/.test(added.stderr)) return { none: 'there is another repository in the directory' };
    const prefix = place.prefix === '' ? [] : [`--prefix=${place.prefix}`];
    const written = await this.#git(['write-tree', ...prefix], variables);
    const hash = written.stdout.trim();
    return written.code === 0 && hash !== ''
      ? { hash }
      : { none: `git could not name the files: ${firstLine(written.stderr)}` };
  }

  /** The files that differ between two of its hashes; undefined when one of them is not known any more. */
  async changedFiles(from: string, to: string): Promise<readonly string[] | undefined> {
    const place = await this.#place;
    if (place === undefined || typeof place === 'string') return undefined;
    const { code, stdout } = await this.#git(
      ['diff-tree', '-r', '-z', '--name-only', from, to],
      this.#variables(place),
    );
    return code === 0 ? stdout.split('\0').filter((name) => name !== '') : undefined;
  }

  /** Or why there is no repository. */
  async #find(): Promise<Place | string> {
    const { code, stdout, stderr } = await this.#git(
      ['rev-parse', '--show-toplevel', '--show-prefix', '--git-path', 'index', '--git-path', 'objects'],
      {},
    );
    const [root = '', prefix = '', index = '', objects = ''] = stdout.split('\n');
    if (code === null) return 'there is no git';
    if (/not a git repository/.test(stderr)) return 'the directory is in no git repository';
    if (code !== 0 || objects === '') return `git refuses: ${firstLine(stderr)}`;
    // Paths are said relative to the directory in which git was asked.
    const directory = join(root, prefix);
    const place = { root, prefix, index: resolve(directory, index), objects: resolve(directory, objects) };
    this.#begin(place);
    return place;
  }

  /** Our index goes on where it was as long as the user's has not changed: a file may be tracked now, or not any more. */
  #begin(place: Place): void {
    const objects = join(this.#folder, 'objects');
    mkdirSync(objects, { recursive: true, mode: 0o700 });
    const stamp = stampOf(place.index);
    const stampFile = join(this.#folder, 'index-of');
    const isFull = readdirSync(objects).length > maxObjectFolders;
    if (!isFull && readText(stampFile) === stamp && existsSync(join(this.#folder, 'index'))) return;
    if (isFull) rmSync(objects, { recursive: true });
    mkdirSync(objects, { recursive: true, mode: 0o700 });
    const copy = join(this.#folder, 'index');
    rmSync(copy, { force: true });
    const user = statSync(place.index, { throwIfNoEntry: false });
    if (user !== undefined) {
      copyFileSync(place.index, copy);
      // By the time of its index git knows which files may have changed right after it looked: a copy must not look newer.
      utimesSync(copy, Math.floor(user.mtimeMs / 1000) - 1, Math.floor(user.mtimeMs / 1000) - 1);
    }
    writeFileSync(stampFile, stamp, { mode: 0o600 });
  }

  #variables(place: Place): Readonly<Record<string, string>> {
    return {
      GIT_INDEX_FILE: join(this.#folder, 'index'),
      GIT_OBJECT_DIRECTORY: join(this.#folder, 'objects'),
      GIT_ALTERNATE_OBJECT_DIRECTORIES: place.objects,
    };
  }
}

type Place = { readonly root: string; readonly prefix: string; readonly index: string; readonly objects: string };

function stampOf(path: string): string {
  const stat = statSync(path, { throwIfNoEntry: false, bigint: true });
  return stat === undefined ? 'none' : `${path} ${stat.mtimeNs} ${stat.size} ${stat.ino}`;
}

function readText(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return undefined;
  }
}

function firstLine(text: string): string {
  return text.trim().split('\n')[0] ?? '';
}
