import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { TestGateway } from './gateway.ts';
import { allProcesses, commandLineOf } from './processes.ts';
import { startSshd, type TestSshd } from './sshd.ts';
import { until } from './until.ts';

export type RemoteStoryOptions = {
  /** Ids of projects, each with a folder of its own over there; default: `shop`. */
  readonly projects?: readonly string[];
  /** The projects' `env`. */
  readonly env?: Readonly<Record<string, string>>;
  /** Further fields of the projects. */
  readonly fields?: Readonly<Record<string, unknown>>;
  /** Variables that whatever runs over there has anyway. */
  readonly envThere?: Readonly<Record<string, string>>;
  /** In place of what lets the gateway in. */
  readonly ssh?: (sshd: TestSshd) => Readonly<Record<string, string | number>>;
};

/** A gateway whose projects lie on another machine: this one, behind a real sshd, with a home and a state folder of its own. */
export type RemoteStory = {
  readonly sshd: TestSshd;
  readonly gateway: TestGateway;
  /** Where a project's code lies over there; default: that of `shop`. */
  readonly folder: (project?: string) => string;
  /** The gateway's `ssh` processes for this machine. */
  readonly sshClients: () => Promise<readonly number[]>;
  /** What gateway, runners and agents have left in logs and journals so far, for who has to find out why a test failed. */
  readonly traces: () => string;
  /** Stops both and proves that neither side has left a process. */
  readonly end: () => Promise<void>;
};

export async function startRemoteStory(options: RemoteStoryOptions = {}): Promise<RemoteStory> {
  const { projects = ['shop'], env = {}, envThere = {}, fields = {} } = options;
  const dir = mkdtempSync(join(tmpdir(), 'story-'));
  const folder = (project = 'shop'): string => join(dir, 'there', project);
  for (const project of projects) mkdirSync(folder(project), { recursive: true });
  const sshd = await startSshd({
    env: {
      // The gateway's own is <dir>/state: what bears this one bears that mark too.
      HOLDFAST_STATE_DIR: join(dir, 'state-there'),
      HOLDFAST_IDLE_MS: '2000',
      ...envThere,
    },
  });
  const { host, port, user, identityFile, knownHosts } = sshd;
  const ssh = { host, port, user, identityFile, knownHosts, ...options.ssh?.(sshd) };
  const entries = projects.map((id) => ({
    id,
    members: ['*'],
    workspace: { ssh: { ...ssh, path: folder(id) } },
    env,
    ...fields,
  }));
  const sshClients = async (): Promise<readonly number[]> => {
    const clients = (await allProcesses()).filter(({ name }) => name === 'ssh');
    const lines = await Promise.all(clients.map(({ id }) => commandLineOf(id)));
    return clients.flatMap(({ id }, index) => (lines[index]?.includes(sshd.identityFile) === true ? [id] : []));
  };
  try {
    // JSON is YAML.
    const gateway = await TestGateway.start({ dir, config: () => JSON.stringify({ projects: entries }) });
    const traces = (): string => `${gateway.log}\n${runnerFiles(join(dir, 'state-there', 'runners'))}`;
    return { sshd, gateway, folder, sshClients, traces, end: () => endOf(gateway, sshd, sshClients) };
  } catch (error) {
    await sshd.stop();
    throw error;
  }
}

function runnerFiles(folder: string): string {
  if (!existsSync(folder)) return '';
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((path) => /\/(journal|log|meta\.json)$/.test(path))
    .map((path) => `== ${path}\n${readFileSync(join(folder, path), 'utf8').slice(-4_000)}`)
    .join('\n');
}

async function endOf(gateway: TestGateway, sshd: TestSshd, sshClients: RemoteStory['sshClients']): Promise<void> {
  try {
    await gateway.end();
    await until('the ssh clients to be gone', async () => (await sshClients()).length === 0, 10_000);
  } finally {
    await sshd.stop();
  }
}
