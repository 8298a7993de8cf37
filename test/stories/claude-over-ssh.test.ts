import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { claudeCodeEnvironment, installClaudeCode } from '../support/claude-code.ts';
import { ClientPerson } from '../support/client-person.ts';
import { startModelEndpoint, type ModelEndpoint } from '../support/model-endpoint.ts';
import { startRemoteStory, type RemoteStory } from '../support/remote-story.ts';
import { streamText } from '../support/returning-viewer.ts';
import { sshdMissing } from '../support/sshd.ts';
import { until } from '../support/until.ts';

/** The product's main job, with the real Claude Code: only the model behind it is a script. */
describe('a person and Claude Code on another machine', () => {
  let bin: string;
  let model: ModelEndpoint;
  let story: RemoteStory;
  let person: ClientPerson;

  beforeAll(async () => {
    bin = await installClaudeCode();
  });
  beforeEach(async ({ skip }) => {
    skip(sshdMissing !== undefined, sshdMissing);
    model = await startModelEndpoint();
    // What a machine with Claude Code has: it on the PATH. The rest comes from the project.
    const all = claudeCodeEnvironment({ bin, modelUrl: model.url, home: '' });
    const { PATH = '', HOME: _home, TMPDIR: _temporary, ...env } = all;
    story = await startRemoteStory({ env, envThere: { PATH } });
    const traces = (): string => `${story.traces()}\n${JSON.stringify(model.requests).slice(-4_000)}`;
    person = await ClientPerson.arrive({ url: story.gateway.url, agent: 'claude', traces });
  });
  afterEach(async () => {
    if (sshdMissing !== undefined) return;
    person.viewer.close();
    await story.end();
    await model.close();
  });
  const path = (name: string): string => join(story.folder(), name);

  test('it writes a file there after the approval, and not before', async () => {
    await person.ask(`WRITE ${path('hello.txt')} hi there`);
    const tool = await person.asked();
    expect(tool).toMatchObject({ name: 'Write', input: { file_path: path('hello.txt'), content: 'hi there' } });
    expect(person.transcript.status).toBe('waiting');
    expect(existsSync(path('hello.txt'))).toBe(false);
    expect(await person.viewer.approve(tool.id).settled).toMatchObject({ kind: 'accepted' });
    expect(await person.end(1)).toMatchObject({ reason: 'completed' });
    expect(readFileSync(path('hello.txt'), 'utf8')).toBe('hi there');
    expect(person.of('tool')).toMatchObject([
      { tool: { status: 'complete' }, decision: { approved: true, userId: 'ada' } },
    ]);
    expect(person.text).toBe('done');
  });

  test('it learns of a rejection and its reason, and writes nothing', async () => {
    await person.ask(`WRITE ${path('no.txt')} no`);
    const tool = await person.asked();
    await person.viewer.reject(tool.id, 'not in this folder').settled;
    expect(await person.end(1)).toMatchObject({ reason: 'completed' });
    expect(existsSync(path('no.txt'))).toBe(false);
    expect(person.of('tool')).toMatchObject([{ decision: { approved: false, reason: 'not in this folder' } }]);
    expect(person.of('tool')[0]?.error).toContain('not in this folder');
    expect(JSON.stringify(model.requests.at(-1)?.messages)).toContain('not in this folder');
  });

  test('its thinking and its text stream in, and the end has usage and cost', async () => {
    const seen = new Set<string>();
    person.viewer.subscribe(() => seen.add(person.text));
    await person.ask('THINK 30 5\nSTREAM 100 10');
    expect(await person.end(1)).toMatchObject({
      reason: 'completed',
      usage: { inputTokens: 100, outputTokens: 20, cost: 0.0008 },
    });
    expect(person.of('thinking').map(({ content }) => content)).toEqual([streamText(30).replaceAll('tok', 'thk')]);
    expect(person.text).toBe(streamText(100));
    // Not all at once: it was seen growing.
    expect(seen.size).toBeGreaterThan(10);
  });

  test('an abort ends the stream and the request behind it', async () => {
    await person.ask('STREAM 10000 10');
    await person.until('the first text', () => person.text !== '');
    await person.viewer.abort().settled;
    expect(await person.end(1)).toMatchObject({ reason: 'aborted' });
    const { text } = person;
    await person.ask('go on');
    expect(await person.end(2)).toMatchObject({ reason: 'completed' });
    expect(person.text).toBe(`${text}echo: go on`);
  });

  test('an abort ends the command that runs, with all its processes', async () => {
    await person.ask(`BASH touch ${path('started')}; sleep 1234; touch ${path('finished')}`);
    await person.viewer.approve((await person.asked()).id).settled;
    await until('the command to run', () => existsSync(path('started')));
    const running = (): boolean => story.gateway.processes().some(({ command }) => command.includes('sleep 1234'));
    expect(running()).toBe(true);
    await person.viewer.abort().settled;
    expect(await person.end(1)).toMatchObject({ reason: 'aborted' });
    await until('the command to be gone', () => !running());
    expect(existsSync(path('finished'))).toBe(false);
    expect(person.of('tool')[0]?.error).toBe('interrupted, outcome unknown');
  });

  test('a gateway that is killed while it asks: the approval waits, and what was approved is done once', async () => {
    await person.ask(`BASH echo once >> ${path('count.txt')}`);
    const tool = await person.asked();
    await story.gateway.kill();
    await person.until('the library to notice', () => !person.viewer.getSnapshot().isConnected);
    // Given while nobody is there to take it: the library keeps it.
    const sent = person.viewer.approve(tool.id);
    await story.gateway.start();
    expect(await sent.settled).toMatchObject({ kind: 'accepted' });
    expect(await person.end(1)).toMatchObject({ reason: 'completed' });
    expect(readFileSync(path('count.txt'), 'utf8')).toBe('once\n');
    expect(person.of('tool')).toHaveLength(1);
    expect(person.text).toBe('done');
  });

  test('a connection that is cut while it streams and while it asks: nothing is missing, nothing twice', async () => {
    await person.ask(`STREAM 300 10\nBASH echo once >> ${path('count.txt')}\nSTREAM 50 10`);
    await person.until('the first text', () => person.text !== '');
    await story.sshd.killConnections();
    const tool = await person.asked();
    await story.sshd.killConnections();
    await person.viewer.approve(tool.id).settled;
    await story.sshd.killConnections();
    expect(await person.end(1)).toMatchObject({ reason: 'completed' });
    expect(person.text).toBe(streamText(300) + streamText(50));
    expect(readFileSync(path('count.txt'), 'utf8')).toBe('once\n');
  });

  test('when its processes have ended for want of work, the next prompt goes on with what was said', async () => {
    await person.ask('the word is walnut');
    await person.end(1);
    await story.gateway.kill('SIGTERM');
    await until('the runner to end', () => story.gateway.processes().length === 0);
    await story.gateway.start();
    await person.ask('which word');
    expect(await person.end(2)).toMatchObject({ reason: 'completed', usage: { inputTokens: 100, cost: 0.0008 } });
    const heard = JSON.stringify(model.requests.at(-1)?.messages);
    for (const said of ['the word is walnut', 'echo: the word is walnut', 'which word']) expect(heard).toContain(said);
    expect(person.of('notice')).toEqual([]);
    expect(person.text).toBe('echo: the word is walnutecho: which word');
  });
});
