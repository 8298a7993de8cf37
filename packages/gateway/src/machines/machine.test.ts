import { PassThrough } from 'node:stream';
import { expect, test, vi } from 'vitest';
import { encodeFrame, frameKind, FrameReader, type OpenRequest } from '@holdfast/protocol';
import type { Logger } from '../lib/logger.ts';
import type { LinkExit, LinkProcess } from './launcher.ts';
import { Machine } from './machine.ts';
import type { RunnerEvents } from './runner-host.ts';

const request: OpenRequest = { session: 's', agent: 'demo', cwd: '/', env: {}, from: 0 };
const opened = { session: 's', epoch: 'e', generation: 1, from: 0, next: 0 };
const gone: LinkExit = { code: 255, signal: null, stderr: '' };

/** A link that does this when a session is opened. */
function link(
  onOpen: (link: { answer: () => void; end: () => void }) => void,
  exited?: Promise<LinkExit>,
): LinkProcess {
  const stdin = new PassThrough();
  const stdout = new PassThrough();
  const exit = Promise.withResolvers<LinkExit>();
  const reader = new FrameReader();
  const end = (): void => exit.resolve(gone);
  stdin.on('data', (chunk: Buffer) =>
    reader.push(chunk, ({ kind, channel }) => {
      if (kind !== frameKind.open) return;
      onOpen({ answer: () => void stdout.write(encodeFrame(frameKind.opened, channel, opened)), end });
    }),
  );
  return { stdin, stdout, exited: exited ?? exit.promise, stop: async () => end() };
}

function machineWith(...links: readonly LinkProcess[]) {
  const log = { info: () => undefined } as unknown as Logger;
  const connect = vi.fn<() => Promise<LinkProcess>>();
  for (const one of links) connect.mockResolvedValueOnce(one);
  const machine = new Machine({ name: 'there', isHere: false, connect, log });
  const events = {
    attached: vi.fn<RunnerEvents['attached']>(),
    lines: vi.fn<RunnerEvents['lines']>(),
    gone: vi.fn<RunnerEvents['gone']>(),
  };
  const attach = (): Promise<void> => machine.attach(request, events, { signal: new AbortController().signal });
  return { machine, connect, events, attach };
}

test('a session is opened on the next link when one breaks before the runner has answered', async () => {
  const { machine, connect, events, attach } = machineWith(
    link(({ end }) => end()),
    link(({ answer }) => answer()),
  );
  await attach();
  expect(events.attached).toHaveBeenCalledExactlyOnceWith(expect.objectContaining({ opened }));
  expect(events.gone).not.toHaveBeenCalled();
  expect(connect).toHaveBeenCalledTimes(2);
  await machine.close();
});

test('a link that has ended by the time it is used is not waited for', async () => {
  const { machine, attach } = machineWith(
    link(() => undefined, Promise.resolve(gone)),
    link(({ answer }) => answer()),
  );
  await attach();
  await machine.close();
});

test('three links that break one after the other are enough', async () => {
  const broken = link(({ end }) => end());
  const { machine, events, attach } = machineWith(
    broken,
    link(({ end }) => end()),
    link(({ end }) => end()),
  );
  await expect(attach()).rejects.toMatchObject({ code: 'unavailable' });
  expect(events.attached).not.toHaveBeenCalled();
  await machine.close();
});
