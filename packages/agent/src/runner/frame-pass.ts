import { frameHeaderBytes, maxFrameBytes } from '@holdfast/protocol';

/**
 * Finds where frames end in a stream that is passed on as it is: only headers are looked at, and nothing is copied but
 * the header that lies across two chunks. A frame that is not whole yet is held back, so that frames of several streams
 * can share a pipe; memory is bounded by the largest frame.
 */
export class FramePass {
  #held: Uint8Array[] = [];
  /** Bytes that the frame in `held` still lacks; 0 when not even its header is whole. */
  #missing = 0;

  /**
   * Calls `onFrames` with pieces that are whole frames together, after `onKind` with the kind of each of them.
   * Throws RangeError when the stream cannot be one of frames.
   */
  push(chunk: Uint8Array, onKind: (kind: number) => void, onFrames: (pieces: readonly Uint8Array[]) => void): void {
    let bytes = chunk;
    if (this.#missing > 0) {
      const taken = bytes.subarray(0, this.#missing);
      this.#held.push(taken);
      this.#missing -= taken.length;
      if (this.#missing > 0) return;
      bytes = bytes.subarray(taken.length);
      this.#release(onKind, onFrames);
    } else if (this.#held.length > 0) {
      bytes = Buffer.concat([...this.#held, bytes]);
      this.#held = [];
    }
    let end = 0;
    while (bytes.length - end >= frameHeaderBytes) {
      const size = frameSize(bytes, end);
      if (end + size > bytes.length) {
        this.#missing = end + size - bytes.length;
        break;
      }
      onKind(bytes[end + 4] ?? 0);
      end += size;
    }
    if (end > 0) onFrames([bytes.subarray(0, end)]);
    if (end < bytes.length) this.#held.push(bytes.subarray(end));
  }

  #release(onKind: (kind: number) => void, onFrames: (pieces: readonly Uint8Array[]) => void): void {
    const held = this.#held;
    this.#held = [];
    onKind(held[0]?.[4] ?? 0);
    onFrames(held);
  }
}

function frameSize(bytes: Uint8Array, at: number): number {
  const length = new DataView(bytes.buffer, bytes.byteOffset + at, 4).getUint32(0);
  if (length < frameHeaderBytes - 4 || length > maxFrameBytes)
    throw new RangeError(`a frame of ${length} bytes is out of bounds`);
  return 4 + length;
}
