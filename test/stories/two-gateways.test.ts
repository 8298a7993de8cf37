import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { ServerMessage } from '@holdfast/protocol';
import { TestGateway } from '../support/gateway.ts';
import { streamText } from '../support/returning-viewer.ts';
import { until } from '../support/until.ts';
import { TestViewer } from '../support/viewer.ts';

describe('two gateways on one store, a viewer on each', () => {
  /** Owns the conversation: the first prompt went through it. */
  let owner: TestGateway;
  let other: TestGateway;
  let atOwner: TestViewer;
  let atOther: TestViewer;

  beforeEach(async () => {
    owner = await TestGateway.start();
    other = await owner.sibling();
    atOwner = await TestViewer.open({ url: owner.url, query: { conversation: 'new' } });
    const conversation = atOwner.init.conversationId;
    atOther = await TestViewer.open({ url: other.url, token: 'grace-token', query: { conversation } });
    await atOwner.turn('say mine');
    await atOther.until((message) => message.type === 'status' && message.status === 'completed');
  });
  afterEach(async () => {
    owner.signal('SIGCONT');
    for (const viewer of [atOwner, atOther]) viewer.ws.terminate();
    await other.kill('SIGTERM');
    await owner.end();
  });

  async function sameLogs(): Promise<void> {
    await until('both to have the same', () => atOwner.seq === atOther.seq && atOwner.log.at(-1)?.type === 'status');
    expect(atOther.log).toEqual(atOwner.log);
    expect([atOwner.fault, atOther.fault]).toEqual([undefined, undefined]);
    expect(atOwner.count('done')).toBe(atOwner.count('user'));
  }
  const answerTo = (viewer: TestViewer, id: string): Promise<ServerMessage> =>
    viewer.until(({ type, ...rest }) => (type === 'accepted' || type === 'error') && 'id' in rest && rest.id === id);
  const ends = (count: number): Promise<unknown> => until(`${count} ends`, () => atOther.count('done') === count);
  async function toolCall(viewer: TestViewer): Promise<string> {
    const asked = await viewer.until((message) => message.type === 'tool_use' && message.tool.status === 'pending');
    return asked.type === 'tool_use' ? asked.tool.id : '';
  }

  test('a prompt through the one that does not own it is carried out, and both see it the same', async () => {
    const id = atOther.send({ type: 'prompt', prompt: 'stream 200 2' });
    expect(await answerTo(atOther, id)).toMatchObject({ type: 'accepted' });
    await ends(2);
    await sameLogs();
    expect(atOther.log.findLast(({ type }) => type === 'user')).toMatchObject({ id, userId: 'grace' });
    expect(atOwner.text.endsWith(streamText(200))).toBe(true);
  });

  test('prompts through both at once are all carried out, one done each', async () => {
    for (let index = 0; index < 10; index++) {
      for (const viewer of [atOwner, atOther])
        viewer.send({ type: 'prompt', prompt: `say ${viewer === atOwner ? 'a' : 'b'}${index}` });
    }
    await ends(21);
    await sameLogs();
    const said = atOther.text.match(/[ab]\d/g) ?? [];
    expect(said.filter((word) => word.startsWith('a'))).toEqual(Array.from({ length: 10 }, (_, index) => `a${index}`));
    expect(said.filter((word) => word.startsWith('b'))).toEqual(Array.from({ length: 10 }, (_, index) => `b${index}`));
  });

  test('the same prompt id through both at once, ten times, is carried out once each', async () => {
    for (let index = 0; index < 10; index++) {
      for (const viewer of [atOwner, atOther])
        viewer.send({ type: 'prompt', id: `both-${index}`, prompt: `say once-${index}` });
    }
    await ends(11);
    await sameLogs();
    for (let index = 0; index < 10; index++) {
      const answers = await Promise.all([atOwner, atOther].map((viewer) => answerTo(viewer, `both-${index}`)));
      expect(answers.filter((answer) => answer.type === 'accepted' && answer.duplicate !== true)).toHaveLength(1);
      expect(atOther.text.match(new RegExp(`once-${index}`, 'g'))).toHaveLength(1);
    }
  });

  test('an approval through the one that does not own it lets the tool run', async () => {
    atOwner.send({ type: 'prompt', prompt: 'run echo approved-elsewhere' });
    const toolId = await toolCall(atOther);
    atOther.send({ type: 'approve', toolId });
    await ends(2);
    await sameLogs();
    expect(atOwner.log.find(({ type }) => type === 'decision')).toMatchObject({
      toolId,
      approved: true,
      userId: 'grace',
    });
    expect(JSON.stringify(atOwner.log.find(({ type }) => type === 'tool_result'))).toContain('approved-elsewhere');
  });

  test('decisions through both at once: one wins, both see the same, and what stands is told to who comes later', async () => {
    atOwner.send({ type: 'prompt', prompt: 'run echo decided' });
    const toolId = await toolCall(atOther);
    const ids = [atOther.send({ type: 'reject', toolId, reason: 'no' }), atOwner.send({ type: 'approve', toolId })];
    await Promise.all([answerTo(atOther, ids[0] as string), answerTo(atOwner, ids[1] as string)]);
    await ends(2);
    await until('both to have the end', () => atOwner.seq === atOther.seq && atOwner.count('done') === 2);
    const decisions = atOwner.log.filter((message) => message.type === 'decision' && message.seq !== undefined);
    expect(decisions).toHaveLength(1);
    const late = atOther.send({ type: 'approve', toolId });
    expect(await answerTo(atOther, late)).toMatchObject({ type: 'accepted', duplicate: true });
    const copy = await until('the copy', () =>
      atOther.messages.find((message) => message.type === 'decision' && message.seq === undefined),
    );
    expect(decisions[0]).toMatchObject(copy);
  });

  test('a decision about a call that never was is not found through the other one too', async () => {
    const id = atOther.send({ type: 'approve', toolId: 'toolu_nobody' });
    expect(await answerTo(atOther, id)).toMatchObject({ type: 'error', code: 'not_found' });
    await sameLogs();
  });

  test('an abort through the one that does not own it ends the turn', async () => {
    atOwner.send({ type: 'prompt', prompt: 'sleep 600' });
    await atOther.until((message) => message.type === 'status' && message.status === 'in-progress', {
      from: atOther.messages.length,
    });
    atOther.send({ type: 'abort' });
    await ends(2);
    await sameLogs();
    expect(atOwner.log.findLast(({ type }) => type === 'done')).toMatchObject({ reason: 'aborted' });
  });

  test('the queue has its bound for those who ask through the other one too', async () => {
    atOwner.send({ type: 'prompt', prompt: 'sleep 600' });
    await atOther.until((message) => message.type === 'status' && message.status === 'in-progress', {
      from: atOther.messages.length,
    });
    for (let index = 0; index < 100; index++) {
      const id = atOther.send({ type: 'prompt', prompt: 'say x' });
      expect(await answerTo(atOther, id)).toMatchObject({ type: 'accepted' });
    }
    const id = atOther.send({ type: 'prompt', prompt: 'say x' });
    expect(await answerTo(atOther, id)).toMatchObject({ type: 'error', code: 'unavailable' });
    atOther.send({ type: 'abort' });
    await ends(102);
    await sameLogs();
  });

  test(
    'the owner stops for longer than its lease in mid-turn: the other takes over, and the late writes of the first are refused',
    { timeout: 120_000 },
    async () => {
      atOwner.send({ type: 'prompt', prompt: 'stream 4000 5' });
      await atOther.until((message) => message.type === 'text' && message.content.includes('tok-000100'));
      await owner.freeze();
      await atOther.until((message) => message.type === 'done' && message.seq !== undefined && message.seq > 1_000, {
        patienceMs: 60_000,
      });
      expect(atOther.text.endsWith(streamText(4_000))).toBe(true);
      owner.signal('SIGCONT');
      await sameLogs();
      const id = atOwner.send({ type: 'prompt', prompt: 'say after' });
      expect(await answerTo(atOwner, id)).toMatchObject({ type: 'accepted' });
      await ends(3);
      await sameLogs();
      expect(atOwner.text.endsWith(`${streamText(4_000)}after`)).toBe(true);
    },
  );

  test(
    'the owner stops while an approval waits: given through the other, it is carried out once, also when the first is back',
    { timeout: 120_000 },
    async () => {
      atOwner.send({ type: 'prompt', prompt: 'run echo ran >> count.txt\nrun cat count.txt' });
      const toolId = await toolCall(atOther);
      await owner.freeze();
      const late = atOwner.send({ type: 'reject', toolId });
      atOther.send({ type: 'approve', toolId });
      const second = await until(
        'the second call',
        () => atOther.log.find((message) => message.type === 'tool_use' && message.tool.id !== toolId),
        60_000,
      );
      owner.signal('SIGCONT');
      expect(await answerTo(atOwner, late)).toMatchObject({ type: 'accepted' });
      atOwner.send({ type: 'approve', toolId: second.type === 'tool_use' ? second.tool.id : '' });
      await ends(2);
      await until('both to have the end', () => atOwner.seq === atOther.seq && atOwner.count('done') === 2);
      const results = atOther.log.flatMap((message) =>
        message.type === 'tool_result' ? [JSON.stringify(message)] : [],
      );
      expect(results).toHaveLength(2);
      expect(results[1]?.match(/ran/g)).toHaveLength(1);
      const decisions = atOther.log.filter((message) => message.type === 'decision' && message.seq !== undefined);
      expect(decisions).toMatchObject([{ toolId, approved: true }, { approved: true }]);
      expect([atOwner.fault, atOther.fault]).toEqual([undefined, undefined]);
    },
  );

  test(
    'the owner stops while nothing runs: the other takes over for the next prompt, and the first notices when it is back',
    { timeout: 120_000 },
    async () => {
      await owner.freeze();
      // Sent while it sleeps; it must be answered and carried out, once, whoever does it.
      const asleep = atOwner.send({ type: 'prompt', prompt: 'say sent-to-the-sleeper' });
      atOther.send({ type: 'prompt', prompt: 'say taken-over' });
      await until('the other to have taken over', () => atOther.count('done') === 2, 60_000);
      owner.signal('SIGCONT');
      expect(await answerTo(atOwner, asleep)).toMatchObject({ type: 'accepted' });
      await ends(3);
      await sameLogs();
      atOther.send({ type: 'prompt', prompt: 'say and-again' });
      await ends(4);
      await sameLogs();
      expect(atOwner.text.match(/sent-to-the-sleeper|taken-over|and-again/g)).toEqual([
        'taken-over',
        'sent-to-the-sleeper',
        'and-again',
      ]);
    },
  );
});
