import { PassThrough } from 'node:stream';
import { expect, test, vi } from 'vitest';
import {
  encodeFrame,
  encodeLog,
  frameKind,
  FrameReader,
  type CheckEvent,
  type CheckName,
  type Json,
} from '@holdfast/protocol';
import { runChecksOn } from './check-channel.ts';
import { LinkBroke, Wire } from './wire.ts';

type Sent = { readonly kind: number; readonly payload: Json };

/** A wire, its other end, and a run on it that has begun. */
function begin(options: { answerMs?: number; endMs?: number } = {}) {
  const [toLink, fromLink] = [new PassThrough(), new PassThrough()];
  const wire = new Wire(fromLink, toLink, () => undefined);
  const sent: Sent[] = [];
  const frames = new FrameReader();
  toLink.on('data', (chunk: Buffer) =>
    frames.push(chunk, ({ kind, payload }) => {
      const text = Buffer.from(payload).toString();
      sent.push({ kind, payload: text === '' ? null : parse(text) });
    }),
  );
  const events: CheckEvent[] = [];
  const taken = Promise.withResolvers<void>();
  const log = vi.fn<(check: CheckName, bytes: Buffer) => Promise<void>>(() => taken.promise);
  const controller = new AbortController();
  const over = runChecksOn(
    wire,
    { cwd: '/srv' },
    { event: (event) => events.push(event), log },
    { machine: 'the machine', signal: controller.signal, ...options },
  );
  over.catch(() => undefined);
  const say = (kind: Parameters<typeof encodeFrame>[0], payload: object): void =>
    void fromLink.write(encodeFrame(kind, 1, payload));
  const kinds = (): number[] => sent.map(({ kind }) => kind);
  return { wire, fromLink, sent, kinds, events, log, taken, controller, over, say };
}

function parse(text: string): Json {
  return JSON.parse(text) as Json;
}

test('events are passed on in order, and the run is over with GONE', async () => {
  const { say, events, over, sent } = begin();
  say(frameKind.opened, {});
  say(frameKind.event, { type: 'started', check: 'lint' });
  say(frameKind.event, { type: 'of-a-later-version', check: 'lint' });
  say(frameKind.event, { type: 'output', check: 'lint', line: 'x' });
  say(frameKind.gone, { reason: 'ended', exit: 0 });
  await over;
  expect(events.map(({ type }) => type)).toEqual(['started', 'output']);
  expect(sent).toEqual([{ kind: frameKind.check, payload: { cwd: '/srv' } }]);
});

test('output is acknowledged when it is taken, not before', async () => {
  const { say, fromLink, log, taken, sent, over } = begin();
  say(frameKind.opened, {});
  fromLink.write(encodeLog(1, 'test', 10, Buffer.from('hello')));
  await vi.waitFor(() => expect(log).toHaveBeenCalledWith('test', Buffer.from('hello')));
  expect(sent).toHaveLength(1);
  taken.resolve();
  await vi.waitFor(() => expect(sent).toHaveLength(2));
  expect(sent[1]).toEqual({ kind: frameKind.ack, payload: { check: 'test', offset: 15 } });
  say(frameKind.gone, { reason: 'ended' });
  await over;
});

test('a link that does not know checks is said to be too old, and is told to forget it', async () => {
  const { over, kinds } = begin({ answerMs: 1 });
  await expect(over).rejects.toMatchObject({
    code: 'agent_unavailable',
    message: expect.stringContaining('older than this gateway'),
  });
  await vi.waitFor(() => expect(kinds()).toEqual([frameKind.check, frameKind.close]));
});

test('what the machine refuses is refused with its words', async () => {
  const { say, over } = begin();
  say(frameKind.opened, {});
  say(frameKind.gone, { reason: 'failed', code: 'bad_message', message: 'That is no gate.' });
  await expect(over).rejects.toMatchObject({ code: 'bad_message', message: 'That is no gate.' });
});

test('a run that is cancelled tells to its end what became of it', async () => {
  const { say, controller, events, over, kinds } = begin();
  say(frameKind.opened, {});
  say(frameKind.event, { type: 'started', check: 'lint' });
  await vi.waitFor(() => expect(events).toHaveLength(1));
  controller.abort(new Error('not wanted any more'));
  await vi.waitFor(() => expect(kinds()).toEqual([frameKind.check, frameKind.end]));
  say(frameKind.event, { type: 'finished', check: 'lint', result: { verdict: 'cancelled' } });
  say(frameKind.gone, { reason: 'ended', exit: 143 });
  await over;
  expect(events).toHaveLength(2);
});

test('one that does not end when it is told to is given up', async () => {
  const { say, controller, events, over, kinds } = begin({ endMs: 1 });
  say(frameKind.opened, {});
  say(frameKind.event, { type: 'started', check: 'lint' });
  await vi.waitFor(() => expect(events).toHaveLength(1));
  controller.abort(new Error('not wanted any more'));
  await expect(over).rejects.toMatchObject({ code: 'timeout' });
  expect(kinds()).toEqual([frameKind.check, frameKind.end, frameKind.close]);
});

test('one that is cancelled before the link has answered ends with the reason', async () => {
  const { controller, over } = begin();
  controller.abort(new Error('not wanted any more'));
  await expect(over).rejects.toThrow('not wanted any more');
});

test('when the connection breaks, a run that had begun is said to be ended', async () => {
  const { wire, say, events, over } = begin();
  say(frameKind.opened, {});
  say(frameKind.event, { type: 'started', check: 'lint' });
  await vi.waitFor(() => expect(events).toHaveLength(1));
  wire.end({ reason: 'unreachable' });
  await expect(over).rejects.toMatchObject({ code: 'unavailable', message: expect.stringContaining('Run them again') });
});

test('when it breaks before that, another connection may be tried', async () => {
  const { wire, over } = begin();
  wire.end({ reason: 'unreachable' });
  await expect(over).rejects.toThrow(LinkBroke);
});
