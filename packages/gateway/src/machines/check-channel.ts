import {
  decodeJsonPayload,
  decodeLog,
  frameKind,
  HoldfastError,
  isErrorCode,
  parseCheckEvent,
  type CheckName,
  type CheckRequest,
  type Gone,
  type LinkFrame,
} from '@holdfast/protocol';
import type { CheckListener } from './check-host.ts';
import { LinkBroke, type Loss, type Wire, type WireChannel } from './wire.ts';

export type CheckChannelOptions = {
  /** For errors: `this machine`, `coder@10.0.0.7:2222`. */
  readonly machine: string;
  readonly signal: AbortSignal;
  /** How long the link may take to say that it knows what a CHECK is, in milliseconds. */
  readonly answerMs?: number;
  /** How long a run may take to end when it is told to, in milliseconds. */
  readonly endMs?: number;
};

const decoder = new TextDecoder();

/** One run of checks on a wire (docs/protocol.md 8.9). The promise is that of {@link CheckHost}; `LinkBroke` when it never began. */
export async function runChecksOn(
  wire: Wire,
  request: CheckRequest,
  listener: CheckListener,
  options: CheckChannelOptions,
): Promise<void> {
  const { machine, signal, answerMs = 20_000, endMs = 30_000 } = options;
  signal.throwIfAborted();
  const over = Promise.withResolvers<void>();
  const logs = new Map<CheckName, Promise<void>>();
  let isOpen = false;
  const channel: WireChannel = wire.open(frameKind.check, request, {
    frame: (frame) => receive(frame),
    lost: (loss) =>
      over.reject(isOpen ? brokenOff(machine, loss) : new LinkBroke('before the checks began; run them again')),
  });
  const giveUp = (error: Error): void => {
    channel.close();
    over.reject(error);
  };
  let timer = setTimeout(() => giveUp(tooOld(machine)), answerMs);
  const cancel = (): void => {
    if (!isOpen) return giveUp(signal.reason as Error);
    channel.send(frameKind.end);
    timer = setTimeout(() => giveUp(notEnded(machine)), endMs);
  };
  signal.addEventListener('abort', cancel, { once: true });

  const receive = ({ kind, payload }: LinkFrame): void => {
    switch (kind) {
      case frameKind.opened:
        clearTimeout(timer);
        isOpen = true;
        return;
      case frameKind.event: {
        const event = parseCheckEvent(decoder.decode(payload));
        if (event !== undefined) listener.event(event);
        return;
      }
      case frameKind.log:
        return receiveLog(payload);
      case frameKind.gone:
        channel.release();
        return settle(decodeJsonPayload(payload) as Gone);
    }
  };
  const receiveLog = (payload: Uint8Array): void => {
    const log = decodeLog(payload);
    if (log === undefined) return;
    const { check, offset } = log;
    // A copy: the receiver keeps it, and the chunk that it came in is larger.
    const bytes = Buffer.from(log.bytes);
    const before = logs.get(check) ?? Promise.resolve();
    const taken = before
      .then(() => listener.log(check, bytes))
      .then(() => channel.send(frameKind.ack, { check, offset: offset + bytes.length }));
    logs.set(check, taken);
    taken.catch((error: unknown) => giveUp(HoldfastError.from(error)));
  };
  const settle = (gone: Gone): void => {
    if (gone.reason === 'ended') return over.resolve();
    const code = isErrorCode(gone.code) ? gone.code : 'unavailable';
    over.reject(new HoldfastError(code, gone.message ?? `The checks did not run on ${machine} (${gone.reason}).`));
  };

  try {
    await over.promise;
  } finally {
    clearTimeout(timer);
    signal.removeEventListener('abort', cancel);
  }
}

function tooOld(machine: string): HoldfastError {
  return new HoldfastError(
    'agent_unavailable',
    `The agent on ${machine} does not answer to checks: it is older than this gateway. Install the one that belongs to it.`,
  );
}

function brokenOff(machine: string, loss: Loss): HoldfastError {
  const why = 'message' in loss && loss.message !== undefined ? ` (${loss.message})` : '';
  return new HoldfastError(
    'unavailable',
    `The connection to ${machine} broke while the checks ran${why}; they are ended there. Run them again.`,
  );
}

function notEnded(machine: string): HoldfastError {
  return new HoldfastError('timeout', `The checks on ${machine} were told to end and did not say that they have.`);
}
