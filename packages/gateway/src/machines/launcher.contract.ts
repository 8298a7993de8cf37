import { once } from 'node:events';
import { encodeFrame, frameKind, FrameReader, HoldfastError } from '@holdfast/protocol';
import { afterEach, describe, expect, test } from 'vitest';
import type { Logger } from '../lib/logger.ts';
import type { Launcher, LinkProcess } from './launcher.ts';
import { Machine } from './machine.ts';

/** A launcher under test, for an agent's file with this text; what it started is found by `processes`. */
export type OpenedLauncher = AsyncDisposable & {
  readonly launcher: Launcher;
  /** Waits until none of the processes is left that belong to the launcher, on either side. */
  readonly allGone: () => Promise<void>;
};

/** Greets and echoes, as far as the transport is concerned a link. */
export const echoAgent = `
  if (process.argv[2] !== 'link') process.exit(64);
  process.stdout.write('holdfast-link 1\\n');
  process.stdin.pipe(process.stdout);
`;

/** Greets, and carries out every CHECK (kind 7) in its way; of an output it sends the next piece when the last one was taken. */
const checkingAgent = `
  const frame = (kind, channel, body) => {
    const head = Buffer.alloc(9);
    head.writeUInt32BE(body.length + 5, 0);
    head[4] = kind;
    head.writeUInt32BE(channel, 5);
    process.stdout.write(Buffer.concat([head, body]));
  };
  const json = (kind, channel, value) => frame(kind, channel, Buffer.from(JSON.stringify(value)));
  const piece = (channel, offset) => {
    const head = Buffer.alloc(9);
    head.writeUInt32BE(offset, 5);
    frame(21, channel, Buffer.concat([head, Buffer.alloc(60000, 120)]));
  };
  const take = (kind, channel, value) => {
    if (kind === 3) return value.offset < 600000 ? piece(channel, value.offset) : json(18, channel, { reason: 'ended' });
    json(16, channel, {});
    const message = 'There is no such directory.';
    if (value.cwd === '/refused') return json(18, channel, { reason: 'failed', code: 'bad_message', message });
    json(20, channel, { type: 'started', check: 'lint' });
    json(20, channel, { type: 'output', check: 'lint', line: value.cwd });
    piece(channel, 0);
  };
  if (process.argv[2] !== 'link') process.exit(64);
  process.stdout.write('holdfast-link 1\\n');
  let held = Buffer.alloc(0);
  process.stdin.on('data', (chunk) => {
    held = Buffer.concat([held, chunk]);
    while (held.length >= 4 && held.length >= 4 + held.readUInt32BE(0)) {
      const end = 4 + held.readUInt32BE(0);
      take(held[4], held.readUInt32BE(5), JSON.parse(held.subarray(9, end)));
      held = held.subarray(end);
    }
  });
`;

const never = new AbortController().signal;

/** The promises of launcher.ts; `open` gives a launcher whose links wait `greetingTimeoutMs` for a greeting. */
export function describeLauncher(
  name: string,
  open: (agentText: string, options?: { greetingTimeoutMs?: number }) => Promise<OpenedLauncher>,
): void {
  describe(`a launcher: ${name}`, () => {
    const closing: AsyncDisposable[] = [];
    afterEach(async () => {
      for (const one of closing.splice(0).toReversed()) await one[Symbol.asyncDispose]();
    });
    async function opened(agentText: string, options?: { greetingTimeoutMs?: number }): Promise<OpenedLauncher> {
      const one = await open(agentText, options);
      closing.push(one);
      return one;
    }
    async function started(agentText: string): Promise<OpenedLauncher & { link: LinkProcess }> {
      const one = await opened(agentText);
      const link = await one.launcher.start({ signal: never });
      closing.push({ [Symbol.asyncDispose]: () => link.stop() });
      return { ...one, link };
    }

    test('carries frames both ways, whole and in order', async () => {
      const { link } = await started(echoAgent);
      const frames = [
        encodeFrame(frameKind.command, 1, { id: 'a' }),
        encodeFrame(frameKind.open, 4_000_000_000, { text: 'ü'.repeat(400_000) }),
        encodeFrame(frameKind.close, 7),
      ];
      const answers = readFrames(link, frames.length);
      for (const frame of frames) link.stdin.write(frame);
      expect((await answers).map(({ kind, channel, bytes }) => ({ kind, channel, bytes }))).toEqual([
        { kind: frameKind.command, channel: 1, bytes: (frames[0]?.length ?? 0) - 9 },
        { kind: frameKind.open, channel: 4_000_000_000, bytes: (frames[1]?.length ?? 0) - 9 },
        { kind: frameKind.close, channel: 7, bytes: 0 },
      ]);
    });

    test('hands over exactly the bytes behind the greeting, whatever stood before it', async () => {
      const { link } = await started(`
        process.stdout.write('Welcome!\\nholdfast-link 9\\nno newline here: ');
        process.stdout.write('holdfast-link 1\\nfirst ');
        process.stdin.on('data', (chunk) => { process.stdout.write(chunk); process.exit(0); });
      `);
      link.stdin.write('second');
      let text = '';
      for await (const chunk of link.stdout) text += String(chunk);
      expect(text).toBe('first second');
    });

    test('leaves no process behind when it is stopped, once or twice', async () => {
      const { link, allGone } = await started(echoAgent);
      await Promise.all([link.stop(), link.stop()]);
      await allGone();
      await expect(link.stop()).resolves.toBeUndefined();
      await expect(link.exited).resolves.toMatchObject({ stderr: '' });
    });

    test('stops a link that ignores the end of its input and TERM', async () => {
      const { link } = await started(`
        process.on('SIGTERM', () => {});
        process.on('SIGHUP', () => {});
        process.stdout.write('holdfast-link 1\\n');
        setTimeout(() => {}, 6000);
      `);
      await link.stop();
      await expect(link.exited).resolves.toBeDefined();
    });

    test('says how a link ended, with the end of what it said on stderr', async () => {
      const { link } = await started(`
        process.stdout.write('holdfast-link 1\\n');
        process.stdin.once('data', () => {
          process.stderr.write('x'.repeat(10_000) + 'the disk is full\\n', () => process.exit(7));
        });
      `);
      link.stdin.write('go');
      const exit = await link.exited;
      expect(exit.code).toBe(7);
      expect(exit.stderr.endsWith('xthe disk is full\n')).toBe(true);
      expect(exit.stderr.length).toBe(4096);
    });

    test('does not wait for a reader to say that a link has ended', async () => {
      const { link } = await started(`
        process.stdout.write('holdfast-link 1\\n' + 'unread '.repeat(1000));
        process.stdin.once('data', () => process.exit(3));
      `);
      link.stdin.write('go');
      await expect(link.exited).resolves.toMatchObject({ code: 3 });
    });

    test('is refused as agent_unavailable when the link ends before it greets, with its last words', async () => {
      const { launcher, allGone } = await opened(`throw new Error('this file is broken');`);
      const fault = await faultOf(launcher.start({ signal: never }));
      expect(fault).toMatchObject({ code: 'agent_unavailable', transient: false });
      expect(fault.message).toContain(launcher.name);
      expect(fault.message).toContain('ended before it began (1)');
      await allGone();
    });

    test('gives up on a link that never greets, and ends it', async () => {
      const { launcher, allGone } = await opened(`process.stderr.write('waiting for Godot'); process.stdin.resume();`, {
        greetingTimeoutMs: 1500,
      });
      const fault = await faultOf(launcher.start({ signal: never }));
      expect(fault.message).toContain('within 1500 ms');
      expect(fault.message).toContain('waiting for Godot');
      await allGone();
    });

    test('gives up on a stream of noise that is no greeting', async () => {
      const { launcher, allGone } = await opened(`
        process.stdin.resume().on('end', () => process.exit());
        process.stdout.on('error', () => process.exit());
        setInterval(() => process.stdout.write('noise '.repeat(1000)), 1);
      `);
      const fault = await faultOf(launcher.start({ signal: never }));
      expect(fault).toMatchObject({ code: 'agent_unavailable', transient: false });
      expect(fault.message).toContain('no greeting');
      await allGone();
    });

    test('rejects with the reason of the signal and ends what it has begun', async () => {
      const { launcher, allGone } = await opened(`process.stdin.resume();`);
      const controller = new AbortController();
      const start = launcher.start({ signal: controller.signal });
      setImmediate(() => controller.abort(new Error('not needed any more')));
      await expect(start).rejects.toThrow('not needed any more');
      await expect(launcher.start({ signal: controller.signal })).rejects.toThrow('not needed any more');
      await allGone();
    });

    test('carries runs of checks beside each other: events in order, whole outputs, and the end', async () => {
      const { launcher, allGone } = await opened(checkingAgent);
      const log = { info: () => undefined } as unknown as Logger;
      const connect = (options: { signal: AbortSignal }): Promise<LinkProcess> => launcher.start(options);
      const machine = new Machine({ name: launcher.name, isHere: false, connect, log });
      closing.push({ [Symbol.asyncDispose]: () => machine.close() });
      const run = async (cwd: string): Promise<string> => {
        let heard = '';
        let bytes = 0;
        await machine.runChecks(
          { cwd },
          {
            event: (event) => (heard += event.type === 'output' ? event.line : event.type),
            log: async (_check, piece) => void (bytes += piece.length),
          },
          { signal: never },
        );
        return `${heard} ${bytes}`;
      };
      const outcomes = await Promise.all(['/a', '/b', '/refused'].map((cwd) => run(cwd).catch(messageOf)));
      expect(outcomes).toEqual(['started/a 600000', 'started/b 600000', 'There is no such directory.']);
      await machine.close();
      await allGone();
    });

    test('starts any number of links side by side', async () => {
      const one = await opened(echoAgent);
      const links = await Promise.all([1, 2, 3].map(() => one.launcher.start({ signal: never })));
      for (const [index, link] of links.entries()) {
        link.stdin.write(`${index}`);
        const [chunk] = (await once(link.stdout, 'data')) as [Buffer];
        expect(chunk.toString()).toBe(`${index}`);
      }
      await Promise.all(links.map((link) => link.stop()));
      await one.allGone();
    });
  });
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** The error that a start rejects with. */
export async function faultOf(start: Promise<LinkProcess>): Promise<HoldfastError> {
  const thrown: unknown = await start.then(
    async (link) => {
      await link.stop();
      return new Error('it was started');
    },
    (error: unknown) => error,
  );
  if (thrown instanceof HoldfastError) return thrown;
  throw thrown;
}

/** The first `count` frames that the link sends. */
async function readFrames(
  link: LinkProcess,
  count: number,
): Promise<readonly { kind: number; channel: number; bytes: number }[]> {
  const frames: { kind: number; channel: number; bytes: number }[] = [];
  const reader = new FrameReader();
  for await (const chunk of link.stdout.iterator({ destroyOnReturn: false })) {
    reader.push(chunk as Buffer, ({ kind, channel, payload }) => frames.push({ kind, channel, bytes: payload.length }));
    if (frames.length >= count) break;
  }
  return frames;
}
