import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { CheckRun, ChecksMessage, StoredMessage } from '@holdfast/protocol';
import { allProcesses, commandLineOf, commandLinesWith } from '../support/processes.ts';
import { startRemoteStory, type RemoteStory } from '../support/remote-story.ts';
import { sshdMissing } from '../support/sshd.ts';
import { until } from '../support/until.ts';
import { TestViewer } from '../support/viewer.ts';

const checks = { lint: 'cat lint.txt', test: 'sh test.sh', build: 'echo built' };

let story: RemoteStory;
let viewer: TestViewer | undefined;
beforeEach(async ({ skip }) => {
  skip(sshdMissing !== undefined, sshdMissing);
  story = await startRemoteStory({ fields: { checks } });
  write('lint.txt', 'looked at\n');
  write('test.sh', 'echo tested');
});
afterEach(async () => {
  if (sshdMissing !== undefined) return;
  viewer?.ws.terminate();
  viewer = undefined;
  await story.end();
});

type View = { readonly state: string; readonly reason: string | null; readonly run: CheckRun };
const write = (name: string, text: string): void => writeFileSync(join(story.folder(), name), text);
async function ask(method: string, path: string, body?: object): Promise<Response> {
  return fetch(`${story.gateway.url}/api${path}`, {
    method,
    headers: { Authorization: 'Bearer ada-token' },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
}
async function begin(body: object = {}): Promise<string> {
  const answer = await ask('POST', '/projects/shop/checks', body);
  expect(answer.status).toBe(202);
  return ((await answer.json()) as { runId: string }).runId;
}
const finished = (runId: string): Promise<View> =>
  until('the run to finish', async () => {
    const view = (await (await ask('GET', `/checks/${runId}`)).json()) as View;
    return view.state === 'finished' && view;
  });
const logOf = async (runId: string, check: string): Promise<string> =>
  (await ask('GET', `/checks/${runId}/log/${check}`)).text();
const told = (): (StoredMessage & ChecksMessage)[] =>
  viewer?.log.flatMap((message) => (message.type === 'checks' ? [message] : [])) ?? [];

/** A test that hangs, and what nobody finds by the process group. */
const hang = 'setsid sleep 600.125 &\necho it hangs\nexec sleep 600.125\n';
const hanging = (): Promise<readonly string[]> => commandLinesWith('sleep 600.125');
const nothingLeft = (): Promise<unknown> => until('nothing to be left', async () => (await hanging()).length === 0);

test('checks run on the machine where the code is; logs and messages come from there', async () => {
  viewer = await TestViewer.open({ url: story.gateway.url, query: { conversation: 'new' } });
  const runId = await begin({ conversationId: viewer.init.conversationId });
  expect((await finished(runId)).run).toMatchObject({
    lint: { verdict: 'passed' },
    tests: { verdict: 'passed' },
    build: { verdict: 'passed' },
    allPassed: true,
  });
  expect(await logOf(runId, 'lint')).toBe('looked at\n');
  await until('all messages', () => told().length === 6);
  expect(viewer.fault).toBeUndefined();
  expect(await story.sshClients()).toHaveLength(1);
});

test('a whole output of many megabytes comes over, and a turn beside it is not kept waiting', async () => {
  write('test.sh', 'yes 0123456789abcdef | head -c 20000000');
  viewer = await TestViewer.open({ url: story.gateway.url, query: { conversation: 'new' } });
  const runId = await begin({ only: ['test'] });
  await viewer.turn('say beside it');
  await finished(runId);
  const log = await until('the whole log', async () => {
    const text = await logOf(runId, 'test');
    return text.length >= 20_000_000 && text;
  });
  expect(log.length).toBe(20_000_000);
  expect(log.endsWith('\n0123456789')).toBe(true);
});

test('a run that is cancelled is ended over there, and what it had said is kept', async () => {
  write('test.sh', hang);
  const runId = await begin({ only: ['test'] });
  await until('the test to hang', async () => (await hanging()).length === 2);
  await ask('DELETE', `/checks/${runId}`);
  expect(await hanging()).toEqual([]);
  expect((await finished(runId)).run.tests).toMatchObject({ verdict: 'cancelled', output: 'it hangs\n' });
});

test.each([
  ['the server ends it', () => story.sshd.killConnections()],
  ['ssh is killed', async () => (await story.sshClients()).forEach((id) => process.kill(id, 'SIGKILL'))],
  ['the link over there is killed', async () => killLinksThere()],
])('the connection breaks (%s): nothing is left over there, and the run says why', async (_how, cut) => {
  write('test.sh', hang);
  const runId = await begin({ only: ['test'] });
  await until('the test to hang', async () => (await hanging()).length === 2);
  const part = join(story.gateway.stateDir, 'checks', runId, 'test.log.part');
  await until('the log to have it', () => readFileSync(part, 'utf8') === 'it hangs\n');
  await cut();
  const { run, reason } = await finished(runId);
  expect(reason).toMatch(/broke while the checks ran/);
  expect(run).toMatchObject({ allPassed: false, tests: { verdict: 'cancelled' } });
  await nothingLeft();
  expect(await logOf(runId, 'test')).toMatch(/^it hangs\n\n\[… .* broke/);
});

test('a machine that cannot be reached: every check could not start, with the reason', async () => {
  await story.sshd.down();
  viewer = await TestViewer.open({ url: story.gateway.url, query: { conversation: 'new' } });
  const runId = await begin({ conversationId: viewer.init.conversationId, only: ['lint'] });
  const { run } = await finished(runId);
  expect(run.lint).toMatchObject({
    passed: false,
    verdict: 'could_not_start',
    reason: expect.stringMatching(/cannot be reached.*tried 3 times/),
  });
  await until('the message', () => told().length === 1);
  expect(told()[0]).toMatchObject({ state: 'finished', result: { verdict: 'could_not_start' } });
});

async function killLinksThere(): Promise<void> {
  for (const { id, name } of await allProcesses()) {
    if (name !== 'ssh' && /\.holdfast\/holdfast-agent\S*\.js link$/.test(await commandLineOf(id)))
      if ((await commandLineOf(id)).includes(story.sshd.home)) process.kill(id, 'SIGKILL');
  }
}
