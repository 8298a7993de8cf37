import type { Socket } from 'node:net';
import {
  decodeJsonPayload,
  encodeFrame,
  frameKind,
  FrameReader,
  HoldfastError,
  type Gone,
  type LinkFrame,
} from '@holdfast/protocol';
import type { Attachment } from './attachment.ts';
import { parseOpenRequest } from './open-request.ts';
import type { LogFile } from './log-file.ts';
import type { Runner } from './runner.ts';

/** One connection to the runner's socket: one OPEN, then what belongs to it. A peer that breaks the rules is dropped. */
export function serveConnection(socket: Socket, runner: Runner, log: LogFile): void {
  const reader = new FrameReader();
  let attachment: Attachment | undefined;

  const open = (frame: LinkFrame): void => {
    const refuse = (gone: Gone): void => void socket.end(encodeFrame(frameKind.gone, frame.channel, gone));
    try {
      attachment = runner.open(parseOpenRequest(frame.payload), socket, frame.channel, refuse);
    } catch (thrown) {
      const { code, message } = HoldfastError.from(thrown);
      if (code === 'internal') log.write('error', 'open failed', { error: String(thrown) });
      refuse({ reason: 'failed', code, message });
    }
  };

  const take = (frame: LinkFrame): void => {
    if (attachment === undefined) {
      if (frame.kind === frameKind.open) open(frame);
      return;
    }
    switch (frame.kind) {
      case frameKind.command:
        return runner.command(attachment, Buffer.from(frame.payload).toString());
      case frameKind.ack: {
        const offset = decodeJsonPayload(frame.payload)?.['offset'];
        if (typeof offset === 'number') runner.acknowledge(attachment, offset);
        return;
      }
      case frameKind.close:
        return runner.detach(attachment);
      case frameKind.end:
        return runner.end(attachment);
      default:
    }
  };

  socket.on('data', (chunk: Buffer) => {
    try {
      reader.push(chunk, take);
    } catch (error) {
      if (!(error instanceof RangeError)) throw error;
      socket.destroy();
    }
  });
  // A peer that left is not an error; 'close' follows.
  socket.on('error', () => undefined);
  socket.on('close', () => attachment !== undefined && runner.detach(attachment));
}
