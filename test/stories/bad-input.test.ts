import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { maxClientMessageBytes, type ErrorMessage, type ServerMessage } from '@holdfast/protocol';
import { TestGateway } from '../support/gateway.ts';
import { RawSocket } from '../support/raw-socket.ts';
import { until } from '../support/until.ts';
import { TestViewer } from '../support/viewer.ts';

/** Everything here happens to one gateway, which must still work, and have what it had, afterwards. */
let gateway: TestGateway;
let kept: TestViewer;

beforeAll(async () => {
  gateway = await TestGateway.start();
  kept = await TestViewer.open({ url: gateway.url, query: { conversation: 'new' } });
  await kept.turn('say I was here before');
});

afterAll(() => gateway.end());

describe('a message that is wrong', () => {
  let viewer: TestViewer;
  beforeEach(async () => {
    viewer = await TestViewer.open({ url: gateway.url, query: { conversation: 'new' } });
  });
  afterEach(() => viewer.close());

  const answer = (): Promise<ErrorMessage> => viewer.until(({ type }) => type === 'error');
  async function stays(): Promise<void> {
    const id = viewer.send({ type: 'abort' });
    await viewer.until((message) => message.type === 'accepted' && message.id === id);
    expect(viewer.messages.filter(({ type }) => type === 'error')).toHaveLength(1);
    expect(viewer.log).toEqual([]);
  }

  test.each([
    ['nothing', '', /not JSON/],
    ['no JSON', '{"type":"abort"', /not JSON/],
    ['two messages', '{"type":"abort"}{"type":"abort"}', /not JSON/],
    ['an array', '[{"type":"abort"}]', /must be a JSON object/],
    ['null', 'null', /must be a JSON object/],
    ['a string', '"abort"', /must be a JSON object/],
    ['deep nesting', '['.repeat(100_000), /not JSON/],
    ['no type', '{}', /"type" must be one of prompt, approve, reject, abort, settings/],
    ['an unknown type', '{"type":"shutdown"}', /"type" must be one of/],
    ['a type of another kind', '{"type":["abort"]}', /"type" must be one of/],
    ['a name of every object', '{"type":"constructor"}', /"type" must be one of/],
    ['a server’s type', '{"type":"done","reason":"completed"}', /"type" must be one of/],
    ['an empty id', '{"type":"abort","id":""}', /"id" must be 1 to 128/],
    ['a long id', JSON.stringify({ type: 'abort', id: 'x'.repeat(129) }), /"id" must be/],
    ['an id with a space', '{"type":"abort","id":"a b"}', /"id" must be/],
    ['an id that is a number', '{"type":"abort","id":7}', /"id" must be/],
    ['an id that leads elsewhere', '{"type":"abort","id":"../../x"}', /"id" must be/],
  ])('%s: bad_message, and the connection stays', async (_name, text, sentence) => {
    viewer.ws.send(text);
    const error = await answer();
    expect(error).toMatchObject({ code: 'bad_message', error: expect.stringMatching(sentence) });
    expect(error).not.toHaveProperty('seq');
    expect(error).not.toHaveProperty('id');
    await stays();
  });

  test.each([
    [{ type: 'prompt' }, /"prompt" must be a string/],
    [{ type: 'prompt', prompt: '' }, /"prompt" must be a string that is not empty/],
    [{ type: 'prompt', prompt: 7 }, /"prompt"/],
    [{ type: 'prompt', prompt: null }, /"prompt"/],
    [{ type: 'prompt', prompt: ['say hi'] }, /"prompt"/],
    [{ type: 'prompt', prompt: 'say hi', settings: 'fast' }, /"settings" must be an object/],
    [
      { type: 'prompt', prompt: 'say hi', settings: { permissionMode: 'root' } },
      /"permissionMode" must be one of default/,
    ],
    [{ type: 'prompt', prompt: 'say hi', context: [] }, /"context" must be an object/],
    [{ type: 'prompt', prompt: 'say hi', context: { files: 'a' } }, /"files"/],
    [{ type: 'prompt', prompt: 'say hi', context: { files: ['a'] } }, /"context.files"/],
    [{ type: 'prompt', prompt: 'say hi', context: { files: [{ path: '' }] } }, /"path"/],
    [{ type: 'prompt', prompt: 'say hi', context: { files: [{ path: 'a', include: 1 }] } }, /"include"/],
    [
      { type: 'prompt', prompt: 'say hi', context: { files: [{ path: 'a', selection: { start: 0, end: 1 } }] } },
      /"selection"/,
    ],
    [
      { type: 'prompt', prompt: 'say hi', context: { files: [{ path: 'a', selection: { start: 2, end: 1 } }] } },
      /"selection"/,
    ],
    [{ type: 'approve' }, /"toolId"/],
    [{ type: 'approve', toolId: 1 }, /"toolId"/],
    [{ type: 'reject', toolId: '' }, /"toolId"/],
    [{ type: 'reject', toolId: 't', reason: {} }, /"reason"/],
    [{ type: 'settings' }, /"settings"/],
    [{ type: 'settings', settings: [] }, /"settings"/],
    [{ type: 'settings', settings: { model: 4 } }, /"model"/],
    [{ type: 'settings', settings: { extendedThinking: 'yes' } }, /"extendedThinking"/],
  ])('%j: bad_message with its id, and the connection stays', async (message, sentence) => {
    const id = viewer.send(message);
    expect(await answer()).toMatchObject({ code: 'bad_message', id, error: expect.stringMatching(sentence) });
    await stays();
  });

  test('more files than a prompt may name: bad_message with its id, and the connection stays', async () => {
    const files = Array.from({ length: 1001 }, () => ({ path: 'a' }));
    const id = viewer.send({ type: 'prompt', prompt: 'say hi', context: { files } });
    expect(await answer()).toMatchObject({ code: 'bad_message', id, error: expect.stringMatching(/at most 1000/) });
    await stays();
  });

  test('a binary frame: bad_message, and the connection stays', async () => {
    viewer.ws.send(Buffer.from('{"type":"abort"}'), { binary: true });
    expect(await answer()).toMatchObject({ code: 'bad_message', error: expect.stringMatching(/Binary frames/) });
    await stays();
  });

  test('a decision about a call that nobody asked about: not_found', async () => {
    const id = viewer.send({ type: 'approve', toolId: 'toolu_nobody' });
    expect(await answer()).toMatchObject({ code: 'not_found', id });
    await stays();
  });

  test('a hundred of them in a row are each answered, and good ones between them are carried out', async () => {
    for (let index = 0; index < 100; index++) {
      viewer.ws.send('{');
      if (index % 10 === 0) viewer.send({ type: 'prompt', prompt: `say good-${index / 10}` });
    }
    await until('ten ends', () => viewer.count('done') === 10);
    expect(viewer.messages.filter((message) => message.type === 'error')).toHaveLength(100);
    expect(viewer.text.match(/good-\d/g)).toEqual(Array.from({ length: 10 }, (_, index) => `good-${index}`));
  });
});

describe('more prompts than may wait', () => {
  const open = (query: Record<string, string>): Promise<TestViewer> => TestViewer.open({ url: gateway.url, query });
  const answers = (viewer: TestViewer): readonly ServerMessage[] =>
    viewer.messages.filter(({ type, ...rest }) => type === 'accepted' || (type === 'error' && 'id' in rest));

  test('100 are taken behind the one that runs, each further one is refused, and those taken are carried out', async () => {
    const first = await open({ conversation: 'new' });
    const second = await open({ conversation: first.init.conversationId });
    first.send({ type: 'prompt', prompt: 'sleep 600' });
    await first.until((message) => message.type === 'status' && message.status === 'in-progress');
    for (let index = 0; index < 100; index++)
      for (const viewer of [first, second]) viewer.send({ type: 'prompt', prompt: 'say x' });
    await until('an answer to each', () => answers(first).length + answers(second).length === 201);
    const refused = [first, second].flatMap((viewer) => viewer.messages.filter(({ type }) => type === 'error'));
    expect(refused).toHaveLength(100);
    for (const error of refused)
      expect(error).toMatchObject({ code: 'unavailable', error: expect.stringMatching(/Too many prompts/) });
    first.send({ type: 'abort' });
    await until('101 ends', () => first.count('done') === 101, 60_000);
    expect(first.count('user')).toBe(101);
    expect(first.fault).toBeUndefined();
    await Promise.all([first.close(), second.close()]);
  });
});

describe('a message of strange size or form', () => {
  const open = (): Promise<TestViewer> => TestViewer.open({ url: gateway.url, query: { conversation: 'new' } });

  test('exactly 1 MiB is taken, comes to the agent whole, and stands in the log', async () => {
    const viewer = await open();
    viewer.ws.send(messageOf(maxClientMessageBytes));
    await viewer.until((message) => message.type === 'done', { patienceMs: 60_000 });
    const { prompt } = viewer.log.find(({ type }) => type === 'user') as { prompt: string } & ServerMessage;
    expect(viewer.text.replaceAll(/\s/g, '')).toBe(prompt.replaceAll(/\s/g, ''));
    expect(viewer.fault).toBeUndefined();
    await viewer.close();
  });

  test('one byte more closes with 1009, and nothing of it is in the conversation', async () => {
    const viewer = await open();
    viewer.ws.send(messageOf(maxClientMessageBytes + 1));
    expect((await viewer.closed).code).toBe(1009);
    const again = await TestViewer.open({ url: gateway.url, query: viewer.cursor });
    await again.turn('say small');
    expect(again.count('user')).toBe(1);
    await again.close();
  });

  test('a message in many fragments is one message, and a ping between them is no harm', async () => {
    const viewer = await open();
    const text = '{"type":"prompt","id":"pieces","prompt":"say schön \u{1F600}"}';
    const bytes = Buffer.from(text);
    for (let at = 0; at < bytes.length; at++) {
      viewer.ws.send(bytes.subarray(at, at + 1), { binary: false, fin: at === bytes.length - 1 });
      if (at % 10 === 0) viewer.ws.ping();
    }
    await viewer.until((message) => message.type === 'done');
    expect(viewer.text.trim()).toBe('schön \u{1F600}');
    await viewer.close();
  });

  test('fragments that together are too big close with 1009', async () => {
    const viewer = await open();
    for (let part = 0; part < 5; part++) viewer.ws.send('x'.repeat(262_144), { fin: false });
    expect((await viewer.closed).code).toBe(1009);
  });

  test('half a surrogate pair and a zero byte go through as they are', async () => {
    const viewer = await open();
    viewer.ws.send('{"type":"prompt","prompt":"say a\\ud800b\\u0000c"}');
    await viewer.until((message) => message.type === 'done');
    expect(viewer.log.find(({ type }) => type === 'user')).toMatchObject({ prompt: 'say a\ud800b\u0000c' });
    const late = await TestViewer.open({ url: gateway.url, query: { conversation: viewer.init.conversationId } });
    expect(late.text).toBe(viewer.text);
    await Promise.all([viewer.close(), late.close()]);
  });

  test.each([
    ['invalid UTF-8', { payload: Buffer.from([0x7b, 0xff, 0xfe, 0x7d]) }, 1007],
    ['a frame without a mask', { payload: '{"type":"abort"}', masked: false }, 1002],
    ['a reserved opcode', { opcode: 3, payload: 'x' }, 1002],
    ['a reserved bit (a compressed frame that nobody agreed on)', { reserved: 0x40, payload: 'x' }, 1002],
    ['a continuation of nothing', { opcode: 0, payload: 'x' }, 1002],
    ['a ping that is too long', { opcode: 9, payload: 'x'.repeat(126) }, 1002],
    ['a ping in fragments', { opcode: 9, payload: 'x', fin: false }, 1002],
    ['a close code that does not exist', { opcode: 8, payload: Buffer.from([0, 1]) }, 1002],
  ])('%s breaks RFC 6455 and ends the connection as it says', async (_name, frame, code) => {
    const raw = await RawSocket.open({ port: gateway.port, target: '/projects/shop/agent/demo?conversation=new' });
    await until('init', () => raw.texts.length > 0);
    raw.send(frame);
    expect(await raw.closed()).toMatchObject({ code });
    raw.end();
  });

  test('a length beyond all bounds is refused before anything of it has come', async () => {
    const raw = await RawSocket.open({ port: gateway.port, target: '/projects/shop/agent/demo?conversation=new' });
    await until('init', () => raw.texts.length > 0);
    raw.write(Buffer.from([0x81, 0xff, 0x00, 0x1f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1, 2, 3, 4]));
    expect(await raw.closed()).toMatchObject({ code: 1009 });
    raw.end();
  });
});

test('after all this the gateway has what it had, and works', async () => {
  await kept.turn('say and I am here after');
  const again = await TestViewer.open({ url: gateway.url, query: { ...kept.cursor, after: '0' } });
  await until('the whole log', () => again.log.length === kept.log.length);
  expect(again.log).toEqual(kept.log);
  expect(again.text).toMatch(/I was here before[^]*and I am here after/);
  expect(kept.fault).toBeUndefined();
  await Promise.all([kept.close(), again.close()]);
});

/** A prompt that is echoed, of exactly this many bytes. */
function messageOf(bytes: number): string {
  const empty = JSON.stringify({ type: 'prompt', prompt: '' });
  const words = 'lorem ipsum '.repeat(Math.ceil(bytes / 12));
  return JSON.stringify({ type: 'prompt', prompt: words.slice(0, bytes - empty.length) });
}
