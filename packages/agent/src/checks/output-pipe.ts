import { closeSync, constants, fstatSync, mkdtempSync, openSync, rmSync } from 'node:fs';
import { Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export type OutputPipe = {
  /** For the child's stdout and stderr; to be given back with `release` when the child has it. */
  readonly descriptor: number;
  readonly inode: number;
  release(): void;
  /** Resolves when nobody has the other end any more and all is read. */
  readonly ended: Promise<void>;
  close(): void;
};

/**
 * One real pipe for both outputs, so that what comes keeps its order, and `/dev/stderr` can be opened by a script (the pipes of
 * Node are sockets, which cannot). What is not read fills the pipe and makes the writer wait. `onBytes` gets a buffer that is used
 * again; it is done with it when it returns. `makeFifo` makes a named pipe. Undefined where a pipe cannot be had.
 */
export async function openOutputPipe(
  makeFifo: (path: string) => Promise<boolean>,
  onBytes: (bytes: Buffer) => void,
): Promise<OutputPipe | undefined> {
  // Bun cannot read from a descriptor without blocking.
  if ('Bun' in globalThis) return undefined;
  const folder = mkdtempSync(join(tmpdir(), 'holdfast-check-'));
  try {
    const path = join(folder, 'output');
    if (!(await makeFifo(path))) return undefined;
    const readEnd = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
    const descriptor = openSync(path, constants.O_WRONLY);
    const buffer = Buffer.alloc(64 * 1024);
    const socket = new Socket({
      fd: readEnd,
      readable: true,
      writable: false,
      // One buffer for all: memory does not grow with the output.
      onread: {
        buffer,
        callback: (count: number) => {
          onBytes(buffer.subarray(0, count));
          return true;
        },
      },
    });
    const ended = new Promise<void>((resolve) => {
      socket.once('close', () => resolve());
    });
    socket.on('error', () => socket.destroy());
    socket.resume();
    let isReleased = false;
    return {
      descriptor,
      inode: fstatSync(descriptor).ino,
      ended,
      release() {
        if (!isReleased) closeSync(descriptor);
        isReleased = true;
      },
      close: () => socket.destroy(),
    };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
