import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { CheckRun, ChecksMessage, StoredMessage } from '@holdfast/protocol';
import { TestGateway, type StoryOptions } from '../support/gateway.ts';
import { commandLinesWith } from '../support/processes.ts';
import { until } from '../support/until.ts';
import { TestViewer } from '../support/viewer.ts';

/** `shop` is everybody's; `lab` is ada's alone, and has commands, gates and timeouts of its own. */
const config = (dir: string): string => `projects:
  - { id: shop, members: ['*'], workspace: { local: ${dir}/shop } }
  - id: lab
    members: [ada]
    workspace: { local: ${dir}/lab }
    checks: { lint: 'echo linted', test: 'echo tested' }
    gates: ['lint.warnings<=0', 'test.total>=1']
    checkTimeouts: { lint: 7 }
    env: { STAGE: blue, DEPLOY_TOKEN: do-not-show-this }
    passEnv: [STAGE, DEPLOY_TOKEN]
`;

let gateway: TestGateway;
const others: TestGateway[] = [];
const viewers: TestViewer[] = [];

async function start(options: StoryOptions = {}): Promise<void> {
  gateway = await TestGateway.start({ config, ...options });
  mkdirSync(join(gateway.dir, 'lab'), { recursive: true });
}
afterEach(async () => {
  for (const viewer of viewers.splice(0)) viewer.ws.terminate();
  await Promise.all(others.splice(0).map((other) => other.kill('SIGTERM')));
  await gateway.end();
});

type View = {
  readonly [name: string]: unknown;
  readonly runId: string;
  readonly state: string;
  readonly reason: string | null;
  readonly run: CheckRun | null;
  readonly checks: Readonly<Record<string, { readonly state: string; readonly command: string; readonly why: string }>>;
  readonly error: { readonly code: string; readonly message: string; readonly details: { readonly runId: string } };
};
type Answer = { readonly status: number; readonly body: View };
type Asking = { readonly as?: string; readonly at?: TestGateway };

async function ask(
  method: string,
  path: string,
  body?: object,
  { as = 'ada', at = gateway }: Asking = {},
): Promise<Answer> {
  const answer = await fetch(`${at.url}/api${path}`, {
    method,
    headers: { Authorization: `Bearer ${as}-token` },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  return { status: answer.status, body: (await answer.json()) as View };
}
async function begin(body: object = {}, asking: Asking & { project?: string } = {}): Promise<string> {
  const { status, body: view } = await ask('POST', `/projects/${asking.project ?? 'shop'}/checks`, body, asking);
  expect({ status, view }).toMatchObject({ status: 202, view: { runId: expect.any(String) } });
  return view.runId;
}
const view = async (runId: string, asking?: Asking): Promise<View> =>
  (await ask('GET', `/checks/${runId}`, undefined, asking)).body;
const finished = (runId: string, asking?: Asking): Promise<View> =>
  until('the run to finish', async () => {
    const found = await view(runId, asking);
    return found.state === 'finished' && found;
  });
async function logOf(runId: string, check: string, as = 'ada', signal?: AbortSignal): Promise<Response> {
  const headers = { Authorization: `Bearer ${as}-token` };
  return fetch(`${gateway.url}/api/checks/${runId}/log/${check}`, { headers, ...(signal && { signal }) });
}
function openFiles(pid: number): string[] {
  return readdirSync(`/proc/${pid}/fd`).flatMap((fd) => {
    try {
      return [readlinkSync(`/proc/${pid}/fd/${fd}`)];
    } catch {
      // It was closed meanwhile.
      return [];
    }
  });
}

/** A real npm project: what its scripts do. */
function scripts(of: Readonly<Record<string, string>>, folder = gateway.workspace): void {
  writeFileSync(join(folder, 'package.json'), JSON.stringify({ name: 'shop', scripts: of }));
}
async function watch(
  at = gateway,
  query: Readonly<Record<string, string>> = { conversation: 'new' },
): Promise<TestViewer> {
  const viewer = await TestViewer.open({ url: at.url, query });
  viewers.push(viewer);
  return viewer;
}
const told = (viewer: TestViewer): (StoredMessage & ChecksMessage)[] =>
  viewer.log.flatMap((message) => (message.type === 'checks' ? [message] : []));
const words = (viewer: TestViewer): string[] =>
  told(viewer)
    .map(({ check, state, result }) => `${check} ${result?.verdict ?? state}`)
    .toSorted();
const tellsAll = (viewer: TestViewer, count: number): Promise<unknown> =>
  until(`${count} messages of checks`, () => told(viewer).length >= count);

describe('checks of a project on this machine', () => {
  beforeEach(async () => start());

  test('run for real: what passed, what failed, counts and whole logs', async () => {
    scripts({
      lint: `node -e "console.log('fine'); console.log('x'.repeat(5000))"`,
      test: 'echo a test failed >&2; exit 3',
      build: 'echo built',
    });
    const runId = await begin();
    const run = await finished(runId);
    expect(run).toMatchObject({ projectId: 'shop', userId: 'ada', mode: 'auto', conversationId: null, reason: null });
    expect(run.checks['lint']).toMatchObject({ state: 'finished', command: 'npm run lint' });
    expect(run.run).toMatchObject({
      allPassed: false,
      lint: { passed: true, verdict: 'passed', mode: 'real', simulated: false },
      tests: { passed: false, verdict: 'failed', returnCode: 3, output: expect.stringContaining('a test failed') },
      build: { verdict: 'passed' },
    });
    const log = await logOf(runId, 'lint');
    expect(log.headers.get('content-type')).toBe('text/plain; charset=utf-8');
    expect(log.headers.get('x-content-type-options')).toBe('nosniff');
    expect(await log.text()).toContain('x'.repeat(5000));
    expect(run.run?.lint?.output.length).toBeLessThanOrEqual(2000);
  });

  test('are kept for the eyes of the owner alone, and are still there after a restart', async () => {
    scripts({ lint: 'echo kept' });
    const runId = await begin({ only: ['lint'] });
    const before = await finished(runId);
    const folder = join(gateway.stateDir, 'checks', runId);
    await until('the log to be whole', () => existsSync(join(folder, 'lint.log')));
    expect(statSync(folder).mode & 0o777).toBe(0o700);
    expect(readdirSync(folder).map((name) => (statSync(join(folder, name)).mode & 0o777).toString(8))).toEqual([
      '600',
      '600',
    ]);
    await gateway.kill();
    await gateway.start();
    expect(await view(runId)).toEqual(before);
    expect(await (await logOf(runId, 'lint')).text()).toContain('kept\n');
  });

  test('show their log while they run, and end with all that they started when they are cancelled', async () => {
    scripts({ test: `node -e "console.log('it hangs'); setInterval(() => {}, 1e6); 'hang-7431'"` });
    const runId = await begin({ only: ['test'] });
    const reader = (await logOf(runId, 'test')).body?.pipeThrough(new TextDecoderStream()).getReader();
    let seen = '';
    while (!seen.includes('it hangs\n')) seen += (await reader?.read())?.value ?? '';
    // One who goes away in the middle costs nothing.
    const leaving = new AbortController();
    const left = await logOf(runId, 'test', 'ada', leaving.signal);
    const open = (): number => openFiles(gateway.pid).filter((path) => path.includes(runId)).length;
    await until('three to have it open', () => open() === 3);
    leaving.abort();
    await until('two to have it open', () => open() === 2);
    await expect(left.text()).rejects.toThrow('aborted');
    expect(await view(runId)).toMatchObject({ state: 'running', run: null, checks: { test: { state: 'running' } } });
    expect(await commandLinesWith('hang-7431')).not.toEqual([]);
    const cancelled = await ask('DELETE', `/checks/${runId}`);
    expect(cancelled).toMatchObject({
      status: 200,
      body: {
        state: 'finished',
        reason: 'Cancelled by ada.',
        run: { allPassed: false, tests: { verdict: 'cancelled' } },
      },
    });
    expect(await commandLinesWith('hang-7431')).toEqual([]);
    while ((await reader?.read())?.done === false);
    await until('the log to be closed', () => !openFiles(gateway.pid).some((path) => path.includes(runId)));
    expect((await ask('DELETE', `/checks/${runId}`)).body).toEqual(cancelled.body);
  });

  test('run once in a directory at a time, and beside each other in several', async () => {
    scripts({ test: 'sleep 600.5' });
    mkdirSync(join(gateway.workspace, 'part'));
    const first = await begin({ only: ['test'] });
    const second = await ask('POST', '/projects/shop/checks', { workingDir: 'part/..' });
    expect(second).toMatchObject({ status: 409, body: { error: { code: 'conflict', details: { runId: first } } } });
    expect((await finished(await begin({ workingDir: 'part', mode: 'mock' }))).run).toMatchObject({ allPassed: false });
    await ask('DELETE', `/checks/${first}`);
    await finished(await begin({ mode: 'mock' }));
  });

  test('that are simulated say so, and pass nothing', async () => {
    const { run } = await finished(await begin({ mode: 'mock', gates: ['lint.errors<=0'] }));
    expect(run).toMatchObject({
      allPassed: false,
      lint: { passed: true, verdict: 'simulated', simulated: true },
      gates: [{ rule: 'lint.errors<=0', isMet: false }],
    });
  });

  test('take commands, gates, timeouts and variables from their project, and redact its secrets', async () => {
    const lab = join(gateway.dir, 'lab');
    scripts({ build: 'echo "$STAGE $DEPLOY_TOKEN"' }, lab);
    const runId = await begin({ only: ['lint', 'build'], gates: ['build.size<=2MB'] }, { project: 'lab' });
    const run = await finished(runId);
    expect(run.checks['lint']).toMatchObject({ command: 'echo linted', why: "the project's checks.lint" });
    expect(run.checks['build']).toMatchObject({
      command: 'npm run build',
      why: expect.stringContaining('package.json'),
    });
    expect(run.run?.gates.map(({ rule, isMet }) => [rule, isMet])).toEqual([
      ['lint.warnings<=0', false],
      ['build.size<=2MB', false],
    ]);
    expect(await (await logOf(runId, 'build')).text()).toContain('blue [redacted]\n');
    expect(readFileSync(join(gateway.stateDir, 'checks', runId, 'run.json'), 'utf8')).not.toContain('do-not-show');
  });

  test('refuse what is wrong, all of it at once, and directories that lead out of the project', async () => {
    const wrong = { only: ['lunch'], mode: 'perhaps', gates: ['lint.luck>=7'], workingDir: '' };
    const { status, body } = await ask('POST', '/projects/shop/checks', wrong);
    expect([status, body.error.code]).toEqual([400, 'bad_message']);
    for (const name of ['mode', 'gates', 'workingDir']) expect(body.error.message).toContain(`"${name}"`);
    for (const workingDir of ['..', '/etc', 'a/../../b'])
      expect((await ask('POST', '/projects/shop/checks', { workingDir })).status).toBe(400);
    symlinkSync(gateway.dir, join(gateway.workspace, 'link'));
    const { run } = await finished(await begin({ workingDir: 'link', only: ['lint'] }));
    expect(run?.lint).toMatchObject({
      verdict: 'could_not_start',
      reason: expect.stringContaining('outside of the project'),
    });
  });

  test('are there for the members of their project alone', async () => {
    const runId = await begin({ mode: 'mock' }, { project: 'lab' });
    await finished(runId);
    const grace = { as: 'grace' };
    expect((await ask('POST', '/projects/lab/checks', {}, grace)).status).toBe(404);
    expect((await ask('GET', `/checks/${runId}`, undefined, grace)).status).toBe(404);
    expect((await ask('DELETE', `/checks/${runId}`, undefined, grace)).status).toBe(404);
    expect((await logOf(runId, 'lint', 'grace')).status).toBe(404);
    expect((await logOf(runId, 'lunch')).status).toBe(404);
    expect((await ask('GET', '/checks/..%2f..%2fstore')).status).toBe(404);
    const { conversationId } = (await watch()).init;
    expect((await ask('POST', '/projects/lab/checks', { conversationId })).status).toBe(404);
  });
});

describe('checks in a conversation', () => {
  test('are told as they begin and end, in the middle of a turn too, and the record says whether they passed', async () => {
    await start();
    scripts({ lint: 'echo fine', test: 'exit 1', build: 'true' });
    const viewer = await watch();
    const { conversationId } = viewer.init;
    viewer.send({ type: 'prompt', prompt: 'stream 400 5' });
    await viewer.until((message) => message.type === 'text');
    const runId = await begin({ conversationId });
    await viewer.until((message) => message.type === 'done');
    await tellsAll(viewer, 6);
    expect(words(viewer)).toEqual([
      ...['build passed', 'build running', 'lint passed', 'lint running', 'test failed', 'test running'],
    ]);
    expect(new Set(told(viewer).map((message) => message.runId))).toEqual(new Set([runId]));
    expect(viewer.fault).toBeUndefined();
    const record = await until('the record to have it', async () => {
      const { body } = await ask('GET', `/conversations/${conversationId}`);
      return body['checkResults'] !== undefined && body;
    });
    expect(record['checkResults']).toMatchObject({ allPassed: false, runId, tests: { verdict: 'failed' } });
    const statusOf = async (): Promise<unknown> => {
      const { body } = await ask('GET', '/conversations?project=shop');
      return (body['conversations'] as { checksStatus: string }[])[0]?.checksStatus;
    };
    expect(await statusOf()).toBe('failed');
    await begin({ conversationId, only: ['lint'] });
    await until('the newer results', async () => (await statusOf()) === 'passed');
  });

  test('are reported as interrupted when the gateway is killed in the middle, once, and nothing of them is left', async () => {
    await start();
    scripts({ lint: 'echo fine', test: `node -e "setInterval(() => {}, 1e6); 'hang-9127'"` });
    const viewer = await watch();
    const { conversationId } = viewer.init;
    const runId = await begin({ conversationId, only: ['lint', 'test'] });
    await tellsAll(viewer, 3);
    await until('the test to run', async () => (await commandLinesWith('hang-9127')).length > 0);
    await gateway.kill();
    await until('nothing to be left', async () => (await commandLinesWith('hang-9127')).length === 0);
    await gateway.start();
    const again = await watch(gateway, viewer.cursor);
    await tellsAll(again, 1);
    expect(words(again)).toEqual(['test cancelled']);
    expect(told(again)[0]?.result).toMatchObject({ reason: expect.stringContaining('gateway'), passed: false });
    expect(await view(runId)).toMatchObject({
      state: 'finished',
      reason: expect.stringContaining('was killed'),
      run: { allPassed: false, lint: { verdict: 'passed' }, tests: { verdict: 'cancelled' } },
    });
    expect(await (await logOf(runId, 'test')).text()).toContain('was killed');
    await gateway.kill();
    await gateway.start();
    const whole = await watch(gateway, { conversation: conversationId });
    await whole.turn('say after');
    expect(words(whole)).toEqual(['lint passed', 'lint running', 'test cancelled', 'test running']);
    expect([viewer.fault, again.fault, whole.fault]).toEqual([undefined, undefined, undefined]);
  });

  test('are cancelled and told when the gateway is stopped', async () => {
    await start();
    scripts({ test: 'sleep 600.75' });
    const viewer = await watch();
    const runId = await begin({ conversationId: viewer.init.conversationId, only: ['test'] });
    await tellsAll(viewer, 1);
    await gateway.kill('SIGTERM');
    expect(await commandLinesWith('sleep 600.75')).toEqual([]);
    await gateway.start();
    const again = await watch(gateway, viewer.cursor);
    await tellsAll(again, 1);
    expect(words(again)).toEqual(['test cancelled']);
    expect(await view(runId)).toMatchObject({ state: 'finished', reason: expect.stringContaining('was stopped') });
  });

  test('of another gateway are told by the one that owns it, also when that one takes over from the dead', async () => {
    await start();
    scripts({ lint: 'echo fine', test: 'sleep 600.25' });
    const viewer = await watch();
    await viewer.turn('say mine');
    const other = await gateway.sibling();
    others.push(other);
    const atOther = await watch(other, { conversation: viewer.init.conversationId });
    const order = { conversationId: viewer.init.conversationId, only: ['lint', 'test'] };
    const runId = await begin(order, { at: other });
    await tellsAll(viewer, 3);
    await tellsAll(atOther, 3);
    expect(words(viewer)).toEqual(['lint passed', 'lint running', 'test running']);
    expect((await ask('DELETE', `/checks/${runId}`)).status).toBe(409);
    await other.kill();
    await tellsAll(viewer, 4);
    expect(words(viewer)).toEqual(['lint passed', 'lint running', 'test cancelled', 'test running']);
    expect(viewer.fault).toBeUndefined();
    await until('nothing to be left', async () => (await commandLinesWith('sleep 600.25')).length === 0);
  });
});
