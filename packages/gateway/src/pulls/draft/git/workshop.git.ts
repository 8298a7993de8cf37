import { mkdir, mkdtemp, readdir, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { HoldfastError } from '@holdfast/protocol';
import { gitEnvironment, runGit, type GitAnswer, type GitCommand } from './command.git.ts';
import { lastWords, remoteError } from './fault.git.ts';
import type { RemoteAddress } from './remote-address.ts';

export type WorkshopOptions = {
  readonly address: RemoteAddress;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Ends with it, however long git has been at it. */
  readonly signal: AbortSignal;
  /** 64 digits: a repository of SHA-256. */
  readonly baseSha: string;
};

type LocalOptions = Pick<GitCommand, 'stdin' | 'maxBytes'> & { readonly env?: Readonly<Record<string, string>> };

const prefix = 'holdfast-git-';
/** One that is so old was left by a process that was killed. */
const leftAfterMs = 86_400_000;

/** A bare repository in a folder of its own, which only this user can read; it is gone when it is disposed of. Its remote is `origin`. */
export class Workshop {
  readonly folder: string;
  readonly #options: WorkshopOptions;
  readonly #env: Readonly<Record<string, string>>;

  private constructor(folder: string, options: WorkshopOptions) {
    this.folder = folder;
    this.#options = options;
    this.#env = gitEnvironment(options.env, folder);
  }

  static async open(options: WorkshopOptions): Promise<Workshop> {
    await removeLeft();
    const workshop = new Workshop(await mkdtemp(join(tmpdir(), prefix)), options);
    try {
      await workshop.#furnish();
      return workshop;
    } catch (error) {
      await workshop[Symbol.asyncDispose]();
      throw error;
    }
  }

  /** Of a command that touches nothing but this folder; any failure is ours. */
  async git(args: readonly string[], rest: LocalOptions = {}): Promise<string> {
    const answer = await this.run(args, rest);
    if (answer.code === 0) return answer.stdout;
    throw new HoldfastError('internal', `git ${args[0] ?? ''} failed (${lastWords(answer)}).`);
  }

  /** Of a command that speaks with the remote; `doing` goes before the remote's name: "read". */
  async remote(args: readonly string[], doing: string): Promise<string> {
    const answer = await this.speak(args);
    if (answer.code === 0) return answer.stdout;
    throw remoteError(answer, doing, this.#options.address.shown);
  }

  /** Fetches what is named, without the contents of files where the server can leave them out; `config` as `-c` of git takes it. */
  async fetch(what: readonly string[], config: readonly string[] = []): Promise<void> {
    const options = ['--quiet', '--no-tags', '--no-write-fetch-head', '--no-recurse-submodules', '--filter=blob:none'];
    const given = config.flatMap((one) => ['-c', one]);
    await this.remote([...given, 'fetch', ...options, ...what], 'read');
  }

  /** The answer of a command that speaks with the remote, good or not. */
  speak(args: readonly string[]): Promise<GitAnswer> {
    return runGit({ folder: this.folder, args, env: this.#env }, this.#options);
  }

  /** The answer of a command that touches nothing but this folder. What is not here is not fetched for it. */
  run(args: readonly string[], rest: LocalOptions = {}): Promise<GitAnswer> {
    const { env = {}, ...input } = rest;
    const own = { ...this.#env, GIT_ALLOW_PROTOCOL: 'none', ...env };
    return runGit({ folder: this.folder, args, env: own, ...input }, this.#options);
  }

  /** Names of files in this folder that hold these, in their order. */
  async hold(contents: readonly Buffer[]): Promise<readonly string[]> {
    await mkdir(join(this.folder, 'content'));
    return Promise.all(
      contents.map(async (content, at) => {
        const name = `content/${at}`;
        await writeFile(join(this.folder, name), content);
        return name;
      }),
    );
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await rm(this.folder, { recursive: true, force: true, maxRetries: 3 });
  }

  async #furnish(): Promise<void> {
    const { address, baseSha } = this.#options;
    const format = baseSha.length === 64 ? 'sha256' : 'sha1';
    await this.git(['init', '--quiet', '--bare', '--template=', `--object-format=${format}`, '--', '.']);
    // In files and not as arguments: every process of the machine can read those.
    await writeFile(join(this.folder, 'workshop'), workshopConfig(address), { mode: 0o600 });
    await this.git(['config', '--local', 'include.path', 'workshop']);
    if (address.credential !== undefined) {
      await writeFile(join(this.folder, 'credentials'), `${address.credential}\n`, { mode: 0o600 });
    }
  }
}

function workshopConfig({ url, credential }: RemoteAddress): string {
  return [
    '[core]',
    'hooksPath = /dev/null',
    'protectHFS = true',
    'protectNTFS = true',
    'attributesFile = /dev/null',
    '[gc]',
    'auto = 0',
    '[maintenance]',
    'auto = false',
    '[advice]',
    'pushUpdateRejected = false',
    ...(credential === undefined ? [] : ['[credential]', 'helper = store --file=credentials']),
    '[remote "origin"]',
    `url = "${url.replaceAll(/["\\]/g, String.raw`\$&`)}"`,
    '',
  ].join('\n');
}

async function removeLeft(): Promise<void> {
  const left = (await readdir(tmpdir())).filter((name) => name.startsWith(prefix));
  for (const name of left) {
    const folder = join(tmpdir(), name);
    // Somebody else may be removing it, or own it.
    const found = await stat(folder).catch(() => undefined);
    if (found && Date.now() - found.mtimeMs > leftAfterMs) await rm(folder, { recursive: true }).catch(() => undefined);
  }
}
