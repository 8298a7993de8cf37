import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import {
  HoldfastError,
  type CheckEvent,
  type CheckRequest,
  type CheckResult,
  type ConversationId,
  type ProjectId,
  type UserId,
} from '@holdfast/protocol';
import { MemoryConversationStore } from '../conversations/store.memory.ts';
import type { Logger } from '../lib/logger.ts';
import type { CheckHost, CheckListener } from '../machines/check-host.ts';
import { noChecks, type Project } from '../projects/project.ts';
import { Checks, type CheckOrder } from './checks.ts';
import type { RunRecord } from './run-record.ts';
import type { Poster } from './tell-conversation.ts';

const ignore = (): void => undefined;
const log: Logger = { debug: ignore, info: ignore, warn: ignore, error: ignore, child: () => log };
const [ada, id] = ['ada' as UserId, 'c1' as ConversationId];
const shop: Project = {
  ...{ id: 'shop' as ProjectId, name: 'Shop', members: ['*'], agents: undefined, env: {}, checks: noChecks },
  workspace: { kind: 'local', path: '/srv/shop' },
};
const passed: CheckResult = {
  ...{ passed: true, verdict: 'passed', command: 'x', output: '', returnCode: 0, durationMs: 1, mode: 'real' },
  ...{ simulated: false, source: null, problems: [] },
};
const passes: readonly CheckEvent[] = [
  { type: 'started', check: 'lint' },
  { type: 'finished', check: 'lint', result: passed },
  { type: 'done', run: { allPassed: true, lint: passed, tests: null, build: null, gates: [], message: '' } },
];

/** A machine that does what a test says. */
class ScriptedHost implements CheckHost {
  readonly requests: CheckRequest[] = [];
  act: (listener: CheckListener, signal: AbortSignal) => Promise<void> = async (listener) =>
    passes.forEach((event) => listener.event(event));

  async runChecks(request: CheckRequest, listener: CheckListener, { signal }: { signal: AbortSignal }): Promise<void> {
    this.requests.push(request);
    await this.act(listener, signal);
  }
}

let folder: string;
let host: ScriptedHost;
let store: MemoryConversationStore;
let post: ReturnType<typeof vi.fn<Poster['post']>>;
const opened: Checks[] = [];
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'checks-'));
  host = new ScriptedHost();
  store = new MemoryConversationStore({ ttlMs: null });
  post = vi.fn<Poster['post']>(async () => true);
});
afterEach(async () => {
  for (const one of opened.splice(0)) await one.stop();
  rmSync(folder, { recursive: true, force: true });
});

function open(owner = 'me', deadOwners: readonly string[] = []): Checks {
  const checks = new Checks({
    ...{ folder, owner, store, log, mode: 'auto' },
    isOwnerDead: (one) => deadOwners.includes(one),
    placeOf: () => ({ host, cwd: '/srv/shop', env: { KEY: 'x' } }),
    poster: { post },
  });
  opened.push(checks);
  return checks;
}
async function begin(checks: Checks, order: CheckOrder = {}, project = shop): Promise<string> {
  const started = await checks.run(project, { only: ['lint'], ...order }, ada);
  expect(started.kind).toBe('started');
  return started.runId;
}
const settled = (checks: Checks, runId: string): Promise<RunRecord | undefined> =>
  vi.waitFor(
    async () => {
      const record = await checks.get(runId);
      expect(record).toMatchObject({ isTold: true });
      return record;
    },
    { timeout: 10_000 },
  );
const createConversation = (): Promise<unknown> =>
  store.create({
    ...{ conversationId: id, userId: ada, projectId: shop.id, agent: 'demo', epoch: 'e', at: 1 },
  });
const saidIds = (): readonly string[] => post.mock.calls.map(([, , message]) => message);
const untilCancelled = (_listener: CheckListener, signal: AbortSignal): Promise<void> =>
  new Promise((_resolve, reject) => signal.addEventListener('abort', () => reject(signal.reason as Error)));

test('the request has the project with its commands, and its gates about the checks that were asked for', async () => {
  const checks = open();
  const project: Project = {
    ...shop,
    checks: {
      commands: { lint: { command: 'make lint', from: 'CHECK_COMMAND_LINT' } },
      gates: ['lint.errors<=0', 'test.total>=1'],
      timeoutsS: { lint: 5 },
      passEnv: ['STAGE'],
    },
  };
  const runId = await begin(checks, { gates: ['lint.warnings<=0', 'lint.errors<=0'], workingDir: 'part' }, project);
  expect(host.requests).toEqual([
    {
      ...{ cwd: '/srv/shop', workingDir: 'part', only: ['lint'], mode: 'auto', env: { KEY: 'x' } },
      ...{ commands: { lint: 'make lint' }, timeoutsS: { lint: 5 }, passEnv: ['STAGE'] },
      gates: ['lint.errors<=0', 'lint.warnings<=0'],
    },
  ]);
  await settled(checks, runId);
});

test('one directory has one run at a time; with its end it is free', async () => {
  const checks = open();
  host.act = untilCancelled;
  const runId = await begin(checks);
  expect(await checks.run(shop, { workingDir: 'a/..' }, ada)).toEqual({ kind: 'busy', runId });
  await expect(checks.run(shop, { workingDir: '../other' }, ada)).rejects.toMatchObject({ code: 'bad_message' });
  expect(await checks.cancel(runId, ada)).toBe(true);
  expect(await checks.get(runId)).toMatchObject({ state: 'finished', reason: 'Cancelled by ada.' });
  await begin(checks);
});

test('while the store is away nothing is lost: what is to be said is said when it is back, in order', async () => {
  await createConversation();
  const checks = open();
  post.mockRejectedValueOnce(new Error('the disk is away'));
  const runId = await begin(checks, { conversationId: id });
  await settled(checks, runId);
  expect(saidIds()).toEqual([
    ...[`checks:${runId}:lint:running`, `checks:${runId}:lint:running`, `checks:${runId}:lint:finished`],
  ]);
  expect((await store.read(id))?.task.checkResults).toMatchObject({ allPassed: true, runId });
});

test('the record of a conversation that others change meanwhile gets its results all the same, and the later run wins', async () => {
  await createConversation();
  const checks = open();
  const save = vi.spyOn(store, 'save').mockResolvedValueOnce({ kind: 'conflict', version: 2 });
  const first = await begin(checks, { conversationId: id });
  await settled(checks, first);
  expect(save).toHaveBeenCalledTimes(2);
  const second = await begin(checks, { conversationId: id });
  await settled(checks, second);
  expect((await store.read(id))?.task.checkResults).toMatchObject({ runId: second });
});

test('a machine that fails: before anything began it could not start, afterwards it is cancelled', async () => {
  const checks = open();
  host.act = async () => Promise.reject(new HoldfastError('ssh_unreachable', 'Nobody is there.'));
  expect((await settled(checks, await begin(checks)))?.run?.lint).toMatchObject({
    ...{ verdict: 'could_not_start', passed: false, reason: 'Nobody is there.' },
  });
  host.act = async (listener) => {
    listener.event({ type: 'started', check: 'lint' });
    throw new HoldfastError('unavailable', 'The connection broke.');
  };
  expect((await settled(checks, await begin(checks)))?.run?.lint).toMatchObject({ verdict: 'cancelled' });
});

test('a run of a dead gateway is ended and told, once, by who finds it; that of a living one is left alone', async () => {
  await createConversation();
  const dying = open('the dead');
  host.act = async (listener, signal) => {
    listener.event({ type: 'started', check: 'lint' });
    await untilCancelled(listener, signal);
  };
  const runId = await begin(dying, { conversationId: id });
  await vi.waitFor(() => expect(saidIds()).toHaveLength(1));
  const living = open('the living');
  living.start();
  expect(await living.cancel(runId, ada)).toBe(false);
  const heir = open('the heir', ['the dead']);
  heir.start();
  await vi.waitFor(async () => expect(await heir.get(runId)).toMatchObject({ state: 'finished', isTold: true }));
  expect(await heir.get(runId)).toMatchObject({ run: { lint: { verdict: 'cancelled' } } });
  const message = (state: string): string => `checks:${runId}:lint:${state}`;
  expect(saidIds()).toEqual([message('running'), message('running'), message('finished')]);
  expect((await store.read(id))?.task.checkResults).toMatchObject({ allPassed: false });
});

test('a gateway that stops cancels its runs and tells it; afterwards it begins none', async () => {
  await createConversation();
  const checks = open();
  host.act = untilCancelled;
  const runId = await begin(checks, { conversationId: id });
  await checks.stop();
  expect(await checks.get(runId)).toMatchObject({ isTold: true, reason: expect.stringContaining('was stopped') });
  expect(saidIds()).toEqual([`checks:${runId}:lint:finished`]);
  await expect(checks.run(shop, {}, ada)).rejects.toMatchObject({ code: 'unavailable' });
});
