import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { freePort } from '../../test/support/free-port.ts';
import type { Contender, RunningContender } from '../contender.ts';
import { memoryOf, startServer, stopServer } from '../server-process.ts';
import { processesMarked } from '../../test/support/marked.ts';
import { ControlViewer } from './control-viewer.ts';

const main = fileURLToPath(new URL('../../packages/gateway/dist/main.js', import.meta.url));
const preload = fileURLToPath(new URL('source-preload.ts', import.meta.url));
const token = 'bench-token';

/** The gateway as users run it: link, runner with its journal on disk, message log, then the viewers. */
export const holdfast: readonly Contender[] = [
  contender(
    'Holdfast',
    'numbered, journaled and logged in SQLite before it is shown; resumes after any kill',
    'sqlite',
  ),
  contender('Holdfast (memory)', 'the same with the log in memory (the journal stays on disk)', 'memory'),
];

function contender(name: string, work: string, store: 'sqlite' | 'memory'): Contender {
  return { name, work, replays: true, start: () => startHoldfast(store) };
}

async function startHoldfast(store: 'sqlite' | 'memory'): Promise<RunningContender> {
  const folder = mkdtempSync(join(tmpdir(), 'hf-bench-'));
  const port = await freePort();
  const server = startServer(main, ['serve'], { env: environment(folder, port, store), preload: [preload] });
  await isListening(port);
  const url = `ws://127.0.0.1:${port}/projects/bench/agent/demo`;
  const headers = { Authorization: `Bearer ${token}` };
  const control = await ControlViewer.start(url, headers);
  return {
    wsUrl: `${url}?conversation=${control.conversation}`,
    dialect: 'holdfast',
    headers,
    pids: [server.pid ?? 0],
    feed: (prompt) => control.prompt(prompt),
    drained: () => control.drained(),
    memory: () => memoryOf(server),
    stop: async () => {
      await stopServer(server);
      await runnersAreGone(join(folder, 'state'));
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

function environment(folder: string, port: number, store: string): Readonly<Record<string, string>> {
  const workspace = join(folder, 'project');
  mkdirSync(workspace);
  mkdirSync(join(folder, 'home'));
  const config = join(folder, 'holdfast.yaml');
  writeFileSync(config, `projects:\n  - id: bench\n    members: ['*']\n    workspace: { local: ${workspace} }\n`);
  return {
    PATH: process.env['PATH'] ?? '',
    HOME: join(folder, 'home'),
    HOST: '127.0.0.1',
    PORT: String(port),
    HOLDFAST_CONFIG: config,
    HOLDFAST_STATE_DIR: join(folder, 'state'),
    // Runners outlive the gateway; these need not.
    HOLDFAST_IDLE_MS: '300',
    PERSISTENCE_ADAPTER: store,
    SQLITE_DB_PATH: join(folder, 'holdfast.db'),
    AUTH_TOKENS: `bench:${token}`,
    LOG_LEVEL: 'warn',
  };
}

async function isListening(port: number): Promise<void> {
  const deadline = AbortSignal.timeout(15_000);
  for (;;) {
    deadline.throwIfAborted();
    const answer = await fetch(`http://127.0.0.1:${port}/livez`).catch(() => undefined);
    if (answer?.ok === true) return;
    await delay(20);
  }
}

/** They end by themselves; one that does not is a fault that must be seen. */
async function runnersAreGone(stateDir: string): Promise<void> {
  const deadline = AbortSignal.timeout(30_000);
  for (let left = processesMarked(stateDir); left.length > 0; left = processesMarked(stateDir)) {
    if (deadline.aborted) {
      for (const { pid } of left) process.kill(pid, 'SIGKILL');
      throw new Error(`left over: ${left.map(({ command }) => command).join('; ')}`);
    }
    await delay(50);
  }
}
