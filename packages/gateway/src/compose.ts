import { createServer, type Server } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { getRequestListener } from '@hono/node-server';
import pino, { type Logger as Pino } from 'pino';
import type { ProjectId } from '@holdfast/protocol';
import { Checks, type CheckPlace } from './checks/checks.ts';
import type { Config } from './config.ts';
import type { ConversationStore } from './conversations/store.ts';
import { MemoryConversationStore } from './conversations/store.memory.ts';
import { SQLiteConversationStore } from './conversations/store.sqlite.ts';
import { createApi } from './http/api.ts';
import { TokenIdentity, type UserToken } from './identity/identity.ts';
import { connectWithRetry } from './machines/connect-with-retry.ts';
import type { Launcher } from './machines/launcher.ts';
import { localLauncher } from './machines/launcher.local.ts';
import { sshLauncher } from './machines/launcher.ssh.ts';
import { Machine } from './machines/machine.ts';
import { Metrics } from './metrics/metrics.ts';
import { ProjectDirectory } from './projects/directory.ts';
import type { Project } from './projects/project.ts';
import type { GitHub } from './pulls/client/github.ts';
import { Drafts, type DraftsParts } from './pulls/draft/drafts.ts';
import type { TokenWarning } from './pulls/tokens/token-warning.ts';
import { isOwnerDead, newOwner } from './sessions/owner.ts';
import { Sessions, type Workplace } from './sessions/sessions.ts';
import { Sockets } from './sockets/sockets.ts';
import { DailyCleanup } from './upkeep/daily-cleanup.ts';

export type Gateway = AsyncDisposable & {
  /** Where it listens, with the port that it got. */
  readonly url: string;
  readonly port: number;
  readonly log: Pino;
};

/**
 * Builds the gateway of a configuration and listens. Disposing it stops in reverse: nobody new, everybody sent away with a
 * code that brings them back, sessions let go (their runners go on), store closed.
 */
export async function startGateway(config: Config, options: { tokens?: readonly UserToken[] } = {}): Promise<Gateway> {
  const startedAt = Date.now();
  const log = createLogger(config);
  const metrics = new Metrics();
  await using stack = new AsyncDisposableStack();

  const store = stack.adopt(await openStore(config), (open) => open.close());
  const machines = stack.adopt(new Machines(config, log), (all) => all.close());
  const projects = new ProjectDirectory(config.projects);
  const sessions = stack.adopt(
    new Sessions({ store, log, workplaceOf: (id) => machines.workplaceOf(projects.get(id)) }),
    (all) => all.stop(),
  );
  const checks = stack.adopt(
    new Checks({
      ...{ store, log, owner: newOwner(), isOwnerDead, poster: sessions, mode: config.checkMode },
      folder: join(config.stateDir, 'checks'),
      placeOf: (project) => machines.checkPlaceOf(project),
    }),
    (all) => all.stop(),
  );
  const cleanup = stack.adopt(
    new DailyCleanup({
      ...{ store, log, owner: newOwner(), ttlMs: config.conversationTtlMs },
      onDeleted: () => sessions.dropDeleted(),
    }),
    (daily) => daily.stop(),
  );
  const drafts = await openDrafts(config, { store, log, metrics }, stack);
  // What offers another protocol (`curl --http2` does) is answered in HTTP, as RFC 9110, 7.8 has it.
  const server = createServer({
    shouldUpgradeCallback: ({ headers }) => headers.upgrade?.toLowerCase() === 'websocket',
  });
  // Stopping runs backwards: the server stops admitting, the sockets send everybody away, and here all connections are gone.
  stack.defer(() => allClosed(server));
  const identity = new TokenIdentity([...config.tokens, ...(options.tokens ?? [])]);
  const sockets = stack.adopt(
    new Sockets({ identity, projects, store, sessions, allowedOrigins: config.allowedOrigins, log }),
    (door) => door.close(),
  );
  const health = [{ name: 'db', isRequired: true, check: () => store.check() }];
  const api = createApi({ identity, projects, store, sessions, checks, health, metrics, startedAt, log });

  const answer = getRequestListener(api.fetch);
  server.on('request', (request, response) => void answer(request, response));
  server.on('upgrade', (request, socket, head) => sockets.upgrade(request, socket as Socket, head));
  await listen(server, config);
  stack.defer(() => void server.close());
  sessions.start();
  checks.start();
  cleanup.start();
  drafts?.start();

  const { port } = server.address() as AddressInfo;
  const host = config.host.includes(':') ? `[${config.host}]` : config.host;
  const parts = stack.move();
  return { url: `http://${host}:${port}`, port, log, [Symbol.asyncDispose]: () => parts.disposeAsync() };
}

/** Logs go to stderr: stdout belongs to what a command prints. */
function createLogger(config: Pick<Config, 'logLevel' | 'logFormat'>): Pino {
  const options = { level: config.logLevel, base: null, timestamp: pino.stdTimeFunctions.isoTime };
  if (config.logFormat === 'pretty') {
    return pino({
      ...options,
      transport: { target: 'pino-pretty', options: { destination: 2, ignore: 'pid,hostname' } },
    });
  }
  return pino(options, pino.destination({ dest: 2, sync: false }));
}

/** The configured store. The AWS SDK is loaded only by who uses DynamoDB. */
export async function openStore(config: Pick<Config, 'store' | 'conversationTtlMs'>): Promise<ConversationStore> {
  const options = { ttlMs: config.conversationTtlMs };
  switch (config.store.kind) {
    case 'memory':
      return new MemoryConversationStore(options);
    case 'sqlite':
      return new SQLiteConversationStore(config.store.path, options);
    case 'dynamodb': {
      const { DynamoDBConversationStore } = await import('./conversations/store.dynamodb.ts');
      return new DynamoDBConversationStore(config.store, options);
    }
  }
}

type DraftParts = { readonly store: ConversationStore; readonly log: Pino; readonly metrics: Metrics };

/** Carries drafts to where projects say; undefined when none publishes any. Octokit is loaded only by who uses GitHub. */
async function openDrafts(config: Config, parts: DraftParts, stack: AsyncDisposableStack): Promise<Drafts | undefined> {
  const publishing = config.projects.flatMap(({ id, pulls }) => (pulls ? [{ id, ...pulls }] : []));
  if (publishing.length === 0) return undefined;
  const isOnGitHub = publishing.some(({ target }) => target.kind === 'github');
  const github = isOnGitHub ? await openGitHub(config, parts, stack) : undefined;
  const { GitHubTarget } = await import('./pulls/draft/target.github.ts');
  const { GitTarget } = await import('./pulls/draft/target.git.ts');
  const targets = new Map<ProjectId, ReturnType<DraftsParts['projectOf']>>();
  for (const { id, target: to, policy } of publishing) {
    if (to.kind === 'git') {
      targets.set(id, { policy, target: new GitTarget({ remote: to.remote, env: config.environment }) });
    } else if (github) {
      targets.set(id, { policy, target: new GitHubTarget({ github, ...to }) });
    }
  }
  const { store, log } = parts;
  return stack.adopt(
    new Drafts({ entries: store, owner: newOwner(), isOwnerDead, log, projectOf: (id) => targets.get(id) }),
    (all) => all.stop(),
  );
}

/** One door for all that this gateway asks of GitHub, shared with those on the same store. */
async function openGitHub(
  { github }: Config,
  { store, log, metrics }: DraftParts,
  stack: AsyncDisposableStack,
): Promise<GitHub> {
  const { openAdmission } = await import('./pulls/admission/open-admission.ts');
  const { RetryableGitHubClient } = await import('./pulls/client/retryable-github-client.ts');
  const meter = metrics.github;
  const onWarning = ({ message, ...fields }: TokenWarning): void =>
    log.warn({ ...fields, reason: message }, 'github token');
  const { admission } = openAdmission({ ...github, entries: store, meter, onWarning });
  stack.use(admission);
  return new RetryableGitHubClient({ admission, baseUrl: github.apiUrl, config: github.retry, meter });
}

/** One machine for all local projects, one for each SSH address. */
class Machines {
  readonly #config: Config;
  readonly #log: Pino;
  readonly #machines = new Map<string, Machine>();

  constructor(config: Config, log: Pino) {
    this.#config = config;
    this.#log = log;
  }

  workplaceOf(project: Project | undefined): Workplace | undefined {
    if (project === undefined) return undefined;
    const { workspace } = project;
    const cwd = workspace.kind === 'local' ? workspace.path : workspace.ssh.path;
    return { host: this.#machineOf(project), cwd, env: { ...this.#agentEnv(), ...revealed(project) } };
  }

  checkPlaceOf(project: Project): CheckPlace {
    const { workspace } = project;
    const cwd = workspace.kind === 'local' ? workspace.path : workspace.ssh.path;
    return { host: this.#machineOf(project), cwd, env: revealed(project) };
  }

  async close(): Promise<void> {
    await Promise.all([...this.#machines.values()].map((machine) => machine.close()));
  }

  #agentEnv(): Record<string, string> {
    return { QUERY_TIMEOUT_MS: String(this.#config.queryTimeoutMs), LOG_LEVEL: this.#config.logLevel };
  }

  #machineOf(project: Project): Machine {
    const { workspace } = project;
    const { path: _path, ...address } = workspace.kind === 'ssh' ? workspace.ssh : { path: '' };
    const key = JSON.stringify(address);
    let machine = this.#machines.get(key);
    if (machine === undefined) this.#machines.set(key, (machine = this.#start(project)));
    return machine;
  }

  #launcherOf({ workspace }: Project): Launcher {
    const agentFile = fileURLToPath(import.meta.resolve('@holdfast/agent/holdfast-agent.js'));
    const env = this.#config.environment;
    if (workspace.kind === 'local') return localLauncher({ agentFile, node: process.execPath, env });
    return sshLauncher({ ...workspace.ssh, agentFile, env, log: (fields, message) => this.#log.info(fields, message) });
  }

  #start(project: Project): Machine {
    const launcher = this.#launcherOf(project);
    return new Machine({
      name: launcher.name,
      isHere: project.workspace.kind === 'local',
      log: this.#log.child({ projectId: project.id }),
      connect: ({ signal }) => connectWithRetry(launcher, { signal }),
    });
  }
}

function revealed({ env }: Project): Record<string, string> {
  return Object.fromEntries(Object.entries(env).map(([name, value]) => [name, value.reveal()]));
}

function listen(server: Server, { host, port }: Config): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, host, () => {
      server.off('error', reject);
      resolve();
    });
  });
}

/** Resolves when the last connection is closed; those that only wait for a next request are closed now. */
async function allClosed(server: Server): Promise<void> {
  server.closeIdleConnections();
  const timer = setTimeout(() => server.closeAllConnections(), 2_000);
  await new Promise<void>((resolve) => server.close(() => resolve()));
  clearTimeout(timer);
}
