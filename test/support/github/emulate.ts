import { spawn, type ChildProcess } from 'node:child_process';
import { generateKeyPairSync } from 'node:crypto';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { installCachedPackage } from '../cached-package.ts';
import { freePort } from '../free-port.ts';
import { until } from '../until.ts';

const version = '0.12.2';

export type EmulateOptions = {
  /** Names of empty repositories of the organisation `acme`. */
  readonly repositories?: readonly string[];
  /** How many users, each with a token of its own: `emulate` counts 5,000 requests an hour per token. */
  readonly users?: number;
};

/** A GitHub App that is installed at `acme`. */
export type InstalledApp = { readonly appId: number; readonly installationId: number; readonly privateKey: string };

/** npm `emulate`: somebody else's idea of GitHub's API, stateful, on loopback, in a process of its own. */
export class Emulate implements AsyncDisposable {
  readonly url: string;
  /** One each of `user-1`, `user-2` …, all owners of `acme`. */
  readonly tokens: readonly string[];
  readonly app: InstalledApp;
  readonly #process: ChildProcess;
  #fresh = 0;

  constructor(url: string, tokens: readonly string[], app: InstalledApp, process: ChildProcess) {
    this.url = url;
    this.tokens = tokens;
    this.app = app;
    this.#process = process;
  }

  /** One that has not been used. `emulate` takes any text for a token of its first user, and counts for each. */
  freshToken(): string {
    this.#fresh += 1;
    return `ghp_fresh_${this.#fresh}`;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#process.exitCode !== null || this.#process.signalCode !== null) return;
    const exited = once(this.#process, 'exit');
    this.#process.kill('SIGKILL');
    await exited;
  }
}

/** Starts it; resolves when it answers. */
export async function startEmulate(options: EmulateOptions = {}): Promise<Emulate> {
  const { repositories = ['shop'], users = 4 } = options;
  const folder = await installCachedPackage('emulate', version);
  const port = await freePort();
  const { seed, tokens, app } = seedOf(repositories, users);
  const scratch = await mkdtemp(join(tmpdir(), 'hf-emulate-'));
  const seedFile = join(scratch, 'seed.json');
  await writeFile(seedFile, JSON.stringify(seed));
  const program = join(folder, 'node_modules', 'emulate', 'dist', 'index.js');
  const child = spawn(
    process.execPath,
    [program, 'start', '--service', 'github', '--port', String(port), '--seed', seedFile],
    // Its own folder: it would take a configuration that lies in ours.
    { cwd: scratch, stdio: ['ignore', 'ignore', 'pipe'] },
  );
  const errors: Buffer[] = [];
  child.stderr.on('data', (chunk: Buffer) => errors.push(chunk));
  const emulate = new Emulate(`http://127.0.0.1:${port}`, tokens, app, child);
  try {
    await until('emulate to answer', async () => {
      if (child.exitCode !== null) throw new Error(`emulate ended: ${Buffer.concat(errors).toString()}`);
      return fetch(`${emulate.url}/meta`).then(
        (answer) => answer.ok,
        () => false,
      );
    });
  } catch (error) {
    await emulate[Symbol.asyncDispose]();
    throw error;
  } finally {
    await rm(scratch, { recursive: true });
  }
  return emulate;
}

function seedOf(
  repositories: readonly string[],
  users: number,
): { readonly seed: unknown; readonly tokens: readonly string[]; readonly app: InstalledApp } {
  const logins = Array.from({ length: users }, (_, index) => `user-${index + 1}`);
  const tokenOf = (login: string): string => `ghp_of_${login}`;
  const { privateKey } = generateKeyPairSync('rsa', {
    modulusLength: 2048,
    privateKeyEncoding: { type: 'pkcs1', format: 'pem' },
    publicKeyEncoding: { type: 'pkcs1', format: 'pem' },
  });
  const app = { appId: 4711, installationId: 815, privateKey };
  const permissions = { contents: 'write', pull_requests: 'write', checks: 'write', issues: 'write', metadata: 'read' };
  const seed = {
    tokens: Object.fromEntries(logins.map((login) => [tokenOf(login), { login, scopes: ['repo', 'user'] }])),
    github: {
      users: logins.map((login) => ({ login, name: login, email: `${login}@example.com` })),
      orgs: [{ login: 'acme', members: logins.map((login) => ({ login, role: 'admin' })) }],
      repos: repositories.map((name) => ({ owner: 'acme', name, auto_init: false })),
      apps: [
        {
          app_id: app.appId,
          slug: 'holdfast',
          name: 'Holdfast',
          private_key: privateKey,
          permissions,
          installations: [{ installation_id: app.installationId, account: 'acme', permissions }],
        },
      ],
    },
  };
  return { seed, tokens: logins.map(tokenOf), app };
}
