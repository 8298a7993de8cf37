import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { commandLinesWith } from '../support/processes.ts';
import { startRemoteStory, type RemoteStory } from '../support/remote-story.ts';
import { streamText } from '../support/returning-viewer.ts';
import { sshdMissing } from '../support/sshd.ts';
import { until } from '../support/until.ts';
import { TestViewer } from '../support/viewer.ts';

const secret = 'only-the-agent-may-know-3141592653';

beforeEach(({ skip }) => skip(sshdMissing !== undefined, sshdMissing));

describe('an agent on another machine', () => {
  let story: RemoteStory;
  beforeAll(async () => {
    if (sshdMissing === undefined)
      story = await startRemoteStory({ projects: ['shop', 'shed'], env: { DEPLOY_KEY: secret } });
  });
  afterAll(async () => {
    if (sshdMissing === undefined) await story.end();
  });
  const open = (project = 'shop'): Promise<TestViewer> =>
    TestViewer.open({ url: story.gateway.url, project, query: { conversation: 'new' } });

  test('writes there; the agent was copied there before its first use, and the log says so', async () => {
    expect(existsSync(join(story.sshd.home, '.holdfast'))).toBe(false);
    const viewer = await open();
    viewer.send({ type: 'prompt', prompt: 'write notes/hello.txt hi there' });
    await approveNext(viewer);
    expect(await viewer.until(isDone)).toMatchObject({ reason: 'completed' });
    expect(readFileSync(join(story.folder(), 'notes', 'hello.txt'), 'utf8').trim()).toBe('hi there');
    const files = readdirSync(join(story.sshd.home, '.holdfast'));
    expect(files).toEqual([expect.stringMatching(/^holdfast-agent-.*\.js$/)]);
    const copied = story.gateway.log.split('\n').filter((line) => line.includes('"agent copied"'));
    expect(copied).toEqual([expect.stringContaining(String(files[0]))]);
    await viewer.close();
  });

  test('shares one ssh connection with all others there, whatever their project', async () => {
    const viewers = await Promise.all(['shop', 'shop', 'shed', 'shed'].map(open));
    const turns = viewers.map((viewer) => viewer.turn('stream 300 5'));
    await Promise.all(viewers.map((viewer) => viewer.until((message) => message.type === 'text')));
    expect(await story.sshClients()).toHaveLength(1);
    expect(story.gateway.processesOf('link')).toHaveLength(1);
    for (const done of await Promise.all(turns)) expect(done).toMatchObject({ reason: 'completed' });
    for (const viewer of viewers) expect(viewer.text).toBe(streamText(300));
    await Promise.all(viewers.map((viewer) => viewer.close()));
  });

  test('gets the secrets of its project, and nobody else sees them', async () => {
    const viewer = await open();
    viewer.send({ type: 'prompt', prompt: 'run printenv DEPLOY_KEY | sha256sum; sleep 0.731' });
    await viewer.until((message) => message.type === 'tool_use');
    expect(await commandLinesWith(secret)).toEqual([]);
    await approveNext(viewer);
    await until('the command to run', () =>
      story.gateway.processes().some(({ command }) => command.includes('sleep 0.731')),
    );
    expect(await commandLinesWith(secret)).toEqual([]);
    await viewer.until(isDone);
    const hash = createHash('sha256').update(`${secret}\n`).digest('hex');
    const result = viewer.log.find((message) => message.type === 'tool_result');
    expect(JSON.stringify(result)).toContain(hash);
    expect(filesWith(secret, join(story.gateway.dir, 'state-there'))).toEqual([]);
    expect(filesWith(secret, join(story.gateway.dir, 'store'))).toEqual([]);
    expect(filesWith(secret, story.sshd.home)).toEqual([]);
    expect(story.gateway.log).not.toContain(secret);
    await viewer.close();
  });
});

describe('the connection to the other machine', () => {
  let story: RemoteStory;
  let viewer: TestViewer;
  const begin = async (...options: Parameters<typeof startRemoteStory>): Promise<void> => {
    story = await startRemoteStory(...options);
    viewer = new TestViewer({ url: story.gateway.url, query: { conversation: 'new' } });
    await viewer.until((message) => message.type === 'init');
  };
  afterEach(async () => {
    if (sshdMissing !== undefined) return;
    await viewer.close();
    await story.end();
  });

  const cuts = [
    () => story.sshd.killConnections(),
    async () => (await story.sshClients()).forEach((id) => process.kill(id, 'SIGKILL')),
    async () => story.gateway.processesOf('link').forEach(({ pid }) => process.kill(pid, 'SIGKILL')),
  ];

  test('is cut in mid-turn, by the server and by kill -9 at either end, twice each: nobody notices', async () => {
    await begin();
    viewer.send({ type: 'prompt', prompt: 'stream 3000 3' });
    for (const cut of [...cuts, ...cuts]) {
      await viewer.until((message) => message.type === 'text', { from: viewer.messages.length });
      const before = await story.sshClients();
      await cut();
      await until('another connection', async () => (await story.sshClients()).some((id) => !before.includes(id)));
    }
    expect(await viewer.until(isDone)).toMatchObject({ reason: 'completed' });
    expect(viewer.count('done')).toBe(1);
    expect(viewer.text).toBe(streamText(3_000));
    expect(viewer.fault).toBeUndefined();
    expect(await story.sshClients()).toHaveLength(1);
  });

  test('is cut around a prompt and its approval, in each way: the prompt is carried out once', async () => {
    await begin();
    await viewer.turn('say first');
    for (const [round, cut] of [...cuts, ...cuts].entries()) {
      const from = viewer.messages.length;
      await cut();
      viewer.send({ type: 'prompt', prompt: `run echo ${round} >> rounds.txt` });
      await cut();
      await approveNext(viewer, from);
      await cut();
      expect(await viewer.until(isDone, { from })).toMatchObject({ reason: 'completed' });
    }
    expect(readFileSync(join(story.folder(), 'rounds.txt'), 'utf8')).toBe('0\n1\n2\n3\n4\n5\n');
    expect(viewer.log.filter((message) => message.type === 'error')).toEqual([]);
    expect(viewer.fault).toBeUndefined();
  });

  test('is dead without a word: that is found within 30 s, and every prompt comes to its end', async () => {
    await begin();
    const idle = await TestViewer.open({ url: story.gateway.url, query: { conversation: 'new' } });
    await idle.turn('say first');
    viewer.send({ type: 'prompt', prompt: 'stream 400 5' });
    await viewer.until((message) => message.type === 'text');
    const fresh = await TestViewer.open({ url: story.gateway.url, query: { conversation: 'new' } });
    await story.sshd.freezeConnections();
    const began = Date.now();
    for (const one of [idle, fresh]) one.send({ type: 'prompt', id: 'late', prompt: 'say late' });
    try {
      for (const [one, turns] of [
        [viewer, 1],
        [idle, 2],
        [fresh, 1],
      ] as const) {
        await until('the end of the turn', () => one.count('done') === turns, 45_000);
        expect(one.log.filter((message) => message.type === 'error')).toEqual([]);
        expect(one.fault).toBeUndefined();
      }
      expect(Date.now() - began).toBeLessThan(35_000);
      expect(viewer.text).toBe(streamText(400));
      expect(idle.text + fresh.text).toMatch(/^first\s*late\s*late\s*$/);
    } finally {
      // The link over there learns only now that nobody is left.
      await story.sshd.killConnections();
      await Promise.all([idle.close(), fresh.close()]);
    }
  });

  test('is gone for a while: the agent works on, and all that it said comes when the machine is there again', async () => {
    await begin();
    viewer.send({ type: 'prompt', prompt: 'stream 400 5\nrun touch worked-on.txt\nsay back' });
    await viewer.until((message) => message.type === 'text');
    await story.sshd.down();
    const heard = viewer.seq;
    await until('the connection to be gone', () => story.gateway.processesOf('link').length === 0);
    const journal = journalOf(story);
    await until('the agent to ask over there', () => readFileSync(journal, 'utf8').includes('worked-on.txt'));
    expect(viewer.seq - heard).toBeLessThan(400);
    expect(viewer.count('tool_use')).toBe(0);
    const told = await viewer.until((message) => message.type === 'notice' && message.code === 'unreachable');
    expect(JSON.stringify(told)).toMatch(/cannot be reached: .*Connection refused/);
    await story.sshd.up();
    await approveNext(viewer);
    expect(await viewer.until(isDone)).toMatchObject({ reason: 'completed' });
    expect(viewer.text.trim()).toBe(`${streamText(400)}back`);
    expect(viewer.count('done')).toBe(1);
    expect(viewer.count('notice')).toBe(1);
    expect(existsSync(join(story.folder(), 'worked-on.txt'))).toBe(true);
    expect(viewer.fault).toBeUndefined();
  });

  test('is gone while an approval waits: the approval given meanwhile gets there later', async () => {
    await begin();
    viewer.send({ type: 'prompt', prompt: 'run echo once >> count.txt' });
    const asked = await viewer.until((message) => message.type === 'tool_use');
    await story.sshd.down();
    await until('the connection to be gone', () => story.gateway.processesOf('link').length === 0);
    const id = viewer.send({ type: 'approve', toolId: asked.type === 'tool_use' ? asked.tool.id : '' });
    expect(await viewer.until((message) => 'id' in message && message.id === id)).toMatchObject({ type: 'accepted' });
    await story.sshd.up();
    expect(await viewer.until(isDone)).toMatchObject({ reason: 'completed' });
    expect(readFileSync(join(story.folder(), 'count.txt'), 'utf8')).toBe('once\n');
  });

  test('cannot be made: the prompt ends with ssh_unreachable after three tries, and the next one works when it can', async () => {
    await begin();
    await story.sshd.down();
    expect(await viewer.turn('say too early')).toMatchObject({ reason: 'error' });
    const error = viewer.log.find((message) => message.type === 'error');
    expect(error).toMatchObject({ code: 'ssh_unreachable' });
    expect(JSON.stringify(error)).toMatch(
      /127\.0\.0\.1:\d+ cannot be reached: .*Connection refused.*\(tried 3 times\)/,
    );
    await story.sshd.up();
    expect(await viewer.turn('say now')).toMatchObject({ reason: 'completed' });
    expect(viewer.text.trim()).toBe('now');
    expect(viewer.fault).toBeUndefined();
  });

  test('is refused to a key that is not let in: ssh_unreachable at once', async () => {
    // A key of somebody: the server's own is at hand.
    await begin({ ssh: (sshd) => ({ identityFile: join(sshd.root, 'host_ed25519') }) });
    expect(await viewer.turn('say hello')).toMatchObject({ reason: 'error' });
    const error = viewer.log.find((message) => message.type === 'error');
    expect(error).toMatchObject({ code: 'ssh_unreachable' });
    expect(JSON.stringify(error)).toMatch(/refuses the key: .*Permission denied/);
    expect(JSON.stringify(error)).not.toContain('tried');
  });

  test('is not made with a machine whose host key is unknown: host_key_mismatch with its fingerprint', async () => {
    await begin({ ssh: () => ({ knownHosts: '/dev/null' }) });
    expect(await viewer.turn('say hello')).toMatchObject({ reason: 'error' });
    expectHostKeyError('is not known');
  });

  test('is not made with a machine whose host key has changed: host_key_mismatch with its new fingerprint', async () => {
    await begin();
    await story.sshd.changeHostKey();
    expect(await viewer.turn('say hello')).toMatchObject({ reason: 'error' });
    expectHostKeyError('has changed');
    expect(existsSync(join(story.sshd.home, '.holdfast'))).toBe(false);
  });

  function expectHostKeyError(words: string): void {
    const errors = viewer.log.filter((message) => message.type === 'error');
    expect(errors).toEqual([expect.objectContaining({ code: 'host_key_mismatch' })]);
    expect(JSON.stringify(errors)).toContain(words);
    expect(JSON.stringify(errors)).toContain(story.sshd.hostKeyFingerprint);
  }
});

const isDone = (message: { readonly type: string }): boolean => message.type === 'done';

/** Waits for the next call that asks, and lets it. */
async function approveNext(viewer: TestViewer, from = 0): Promise<void> {
  const asked = await viewer.until((message) => message.type === 'tool_use' && message.tool.status === 'pending', {
    from,
  });
  if (asked.type === 'tool_use') viewer.send({ type: 'approve', toolId: asked.tool.id });
}

/** The journal of the only session over there. */
function journalOf({ gateway }: RemoteStory): string {
  const runners = join(gateway.dir, 'state-there', 'runners');
  const [session = ''] = readdirSync(runners);
  return join(runners, session, 'journal');
}

/** Files below a folder in which a text stands. The runner replaces its files as it goes: what is gone is looked for under its new name. */
function filesWith(text: string, folder: string): readonly string[] {
  for (;;) {
    try {
      return filesBelow(folder).filter((path) => readFileSync(path).includes(text));
    } catch (error) {
      if (!(error instanceof Error && 'code' in error && error.code === 'ENOENT' && existsSync(folder))) throw error;
    }
  }
}

function filesBelow(folder: string): readonly string[] {
  return readdirSync(folder, { withFileTypes: true, recursive: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name));
}
