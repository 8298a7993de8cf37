import { checkNames, type CheckMode, type CheckName } from './check-result.ts';
import { isRecord, parseJson, type Json } from './json.ts';

/** docs/protocol.md section 8: what the link and the runner's socket carry. */
export const linkGreeting = 'holdfast-link 1\n';

export const frameKind = {
  open: 1,
  command: 2,
  ack: 3,
  close: 4,
  end: 5,
  find: 6,
  check: 7,
  opened: 16,
  data: 17,
  gone: 18,
  found: 19,
  event: 20,
  log: 21,
} as const;
export type FrameKind = (typeof frameKind)[keyof typeof frameKind];

/** Bytes before the payload: length (4), kind (1), channel (4). */
export const frameHeaderBytes = 9;
/** Bytes of a DATA payload before its lines: the offset of the first one. */
const dataHeaderBytes = 8;
/** Bytes of a LOG payload before the output: the check's number and the offset. */
const logHeaderBytes = 9;
/** No honest frame is larger: the longest line, its offset and some room. A larger one means the stream is not ours. */
export const maxFrameBytes = 4_194_304;

export type OpenRequest = {
  readonly session: string;
  readonly agent: string;
  readonly cwd: string;
  readonly from: number;
  readonly epoch?: string;
  readonly generation?: number;
  readonly env: Readonly<Record<string, string>>;
};
/** Where a runner listens; only of use on its own machine. */
export type Found = { readonly socket: string };
export type Opened = {
  readonly session: string;
  readonly epoch: string;
  readonly generation: number;
  readonly from: number;
  readonly next: number;
};
/** What is asked for with a CHECK. What is absent is up to the machine: `holdfast-agent check` finds commands by itself. */
export type CheckRequest = {
  /** The project's directory. */
  readonly cwd: string;
  /** Relative to it, or absolute; must lie in it. Default: the directory itself. */
  readonly workingDir?: string;
  readonly only?: readonly CheckName[];
  readonly mode?: CheckMode;
  readonly commands?: Readonly<Partial<Record<CheckName, string>>>;
  readonly timeoutsS?: Readonly<Partial<Record<CheckName, number>>>;
  readonly gates?: readonly string[];
  /** Variables for the run; the commands see only those that `passEnv` names. */
  readonly env?: Readonly<Record<string, string>>;
  readonly passEnv?: readonly string[];
};
export type GoneReason = 'superseded' | 'stale' | 'ended' | 'lost' | 'failed';
export type Gone = {
  readonly reason: GoneReason;
  readonly code?: string;
  readonly message?: string;
  readonly generation?: number;
  /** Of checks that ended: the exit code of `holdfast-agent check`. */
  readonly exit?: number;
};

/** A frame as it was cut out of the stream; `payload` is a view of memory that is not written again. */
export type LinkFrame = { readonly kind: number; readonly channel: number; readonly payload: Uint8Array };

const encoder = new TextEncoder();
const decoder = new TextDecoder();

/** The bytes of a frame with a JSON payload (or none). */
export function encodeFrame(kind: FrameKind, channel: number, payload?: object): Uint8Array {
  return encodeRawFrame(
    kind,
    channel,
    payload === undefined ? new Uint8Array() : encoder.encode(JSON.stringify(payload)),
  );
}

/** The bytes of a frame around a payload that is bytes already; `kind` may be one that this version does not know. */
export function encodeRawFrame(kind: number, channel: number, body: Uint8Array): Uint8Array {
  const frame = new Uint8Array(frameHeaderBytes + body.length);
  writeFrameHeader(frame, kind, channel, body.length);
  frame.set(body, frameHeaderBytes);
  return frame;
}

/** The header of a DATA frame for `lineBytes` bytes of lines; the lines follow it on the wire. */
export function encodeDataHeader(channel: number, offset: number, lineBytes: number): Uint8Array {
  const head = new Uint8Array(frameHeaderBytes + dataHeaderBytes);
  writeFrameHeader(head, frameKind.data, channel, dataHeaderBytes + lineBytes);
  const view = new DataView(head.buffer);
  view.setUint32(frameHeaderBytes, Math.floor(offset / 2 ** 32));
  view.setUint32(frameHeaderBytes + 4, offset >>> 0);
  return head;
}

/** The offset of the first line and the lines of a DATA payload. */
export function decodeData(payload: Uint8Array): { offset: number; lines: Uint8Array } {
  const view = new DataView(payload.buffer, payload.byteOffset, payload.byteLength);
  const offset = view.getUint32(0) * 2 ** 32 + view.getUint32(4);
  return { offset, lines: payload.subarray(dataHeaderBytes) };
}

/** The bytes of a LOG frame: what a check has put out, from `offset` on. */
export function encodeLog(channel: number, check: CheckName, offset: number, bytes: Uint8Array): Uint8Array {
  const body = new Uint8Array(logHeaderBytes + bytes.length);
  const view = new DataView(body.buffer);
  view.setUint8(0, checkNames.indexOf(check));
  view.setUint32(1, Math.floor(offset / 2 ** 32));
  view.setUint32(5, offset >>> 0);
  body.set(bytes, logHeaderBytes);
  return encodeRawFrame(frameKind.log, channel, body);
}

/** What a LOG payload holds; undefined for a check that this version does not know. */
export function decodeLog(
  payload: Uint8Array,
): { readonly check: CheckName; readonly offset: number; readonly bytes: Uint8Array } | undefined {
  if (payload.length < logHeaderBytes) return undefined;
  const view = new DataView(payload.buffer, payload.byteOffset, payload.byteLength);
  const check = checkNames[view.getUint8(0)];
  const offset = view.getUint32(1) * 2 ** 32 + view.getUint32(5);
  return check === undefined ? undefined : { check, offset, bytes: payload.subarray(logHeaderBytes) };
}

/** The JSON object of a payload; undefined when it is not one. */
export function decodeJsonPayload(payload: Uint8Array): Record<string, Json> | undefined {
  const value = parseJson(decoder.decode(payload));
  return isRecord(value) ? value : undefined;
}

function writeFrameHeader(target: Uint8Array, kind: number, channel: number, bodyBytes: number): void {
  const view = new DataView(target.buffer, target.byteOffset, target.byteLength);
  view.setUint32(0, bodyBytes + frameHeaderBytes - 4);
  view.setUint8(4, kind);
  view.setUint32(5, channel);
}

/**
 * Cuts a byte stream into frames. Memory is bounded by the largest frame, and a frame that comes in many chunks is put
 * together once, when its last byte is there.
 */
export class FrameReader {
  #held: Uint8Array[] = [];
  #heldBytes = 0;
  /** Bytes that must be there before cutting makes sense: a length field, then the whole frame it announces. */
  #wanted = 4;

  /**
   * Calls `onFrame` for each frame that is complete now, in order.
   * Throws RangeError when the stream cannot be one of frames (a length out of bounds): the caller must drop the peer.
   */
  push(chunk: Uint8Array, onFrame: (frame: LinkFrame) => void): void {
    let rest = chunk;
    // Only the frame that was begun is put together; what follows it in the chunk is cut where it lies.
    while (this.#heldBytes > 0) {
      const missing = this.#wanted - this.#heldBytes;
      if (rest.length < missing) {
        this.#hold(rest);
        return;
      }
      const begun = this.#join(rest.subarray(0, missing));
      rest = rest.subarray(missing);
      this.#cut(begun, onFrame);
    }
    this.#cut(rest, onFrame);
  }

  /** Cuts whole frames off and holds what is left. */
  #cut(bytes: Uint8Array, onFrame: (frame: LinkFrame) => void): void {
    let rest = bytes;
    this.#wanted = 4;
    while (rest.length >= 4) {
      const length = readUint32(rest, 0);
      if (length < frameHeaderBytes - 4 || length > maxFrameBytes) {
        throw new RangeError(`a frame of ${length} bytes is out of bounds`);
      }
      if (rest.length < 4 + length) {
        this.#wanted = 4 + length;
        break;
      }
      onFrame({
        kind: rest[4] as number,
        channel: readUint32(rest, 5),
        payload: rest.subarray(frameHeaderBytes, 4 + length),
      });
      rest = rest.subarray(4 + length);
    }
    this.#hold(rest);
  }

  #hold(bytes: Uint8Array): void {
    if (bytes.length === 0) return;
    // A copy: a small rest must not keep a large chunk alive, nor change with it. (Not `.slice()`: a Buffer's is a view.)
    this.#held.push(new Uint8Array(bytes));
    this.#heldBytes += bytes.length;
  }

  /** What is held and its continuation, in one piece; nothing is held afterwards. */
  #join(last: Uint8Array): Uint8Array {
    const whole = new Uint8Array(this.#heldBytes + last.length);
    let at = 0;
    for (const piece of this.#held) {
      whole.set(piece, at);
      at += piece.length;
    }
    whole.set(last, at);
    this.#held = [];
    this.#heldBytes = 0;
    return whole;
  }
}

function readUint32(bytes: Uint8Array, at: number): number {
  return (
    ((bytes[at] as number) * 0x1000000 +
      (((bytes[at + 1] as number) << 16) | ((bytes[at + 2] as number) << 8) | (bytes[at + 3] as number))) >>>
    0
  );
}
