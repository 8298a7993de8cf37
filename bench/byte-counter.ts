import { randomBytes, randomUUID } from 'node:crypto';
import { connect, type Socket } from 'node:net';

const doneMark = '"type":"done"';

/** A viewer that reads bytes and looks for nothing but the end of a turn, so that it is not what is measured. */
export class ByteCounter implements AsyncDisposable {
  readonly #socket: Socket;
  #tail = '';
  #onDone: (() => void) | undefined;
  #firstTextAt: bigint | undefined;

  private constructor(socket: Socket) {
    this.#socket = socket;
    socket.on('data', (chunk) => this.#read(chunk));
    socket.on('error', () => undefined);
  }

  static async open(port: number, path: string, token: string): Promise<ByteCounter> {
    const socket = connect(port, '127.0.0.1');
    const upgraded = new Promise((resolve) => socket.once('data', resolve));
    const head = [
      `GET ${path} HTTP/1.1`,
      `Host: 127.0.0.1:${port}`,
      'Connection: Upgrade',
      'Upgrade: websocket',
      `Authorization: Bearer ${token}`,
      'Sec-WebSocket-Version: 13',
      `Sec-WebSocket-Key: ${randomBytes(16).toString('base64')}`,
    ];
    socket.write(`${head.join('\r\n')}\r\n\r\n`);
    const counter = new ByteCounter(socket);
    await upgraded;
    return counter;
  }

  /** Milliseconds from the prompt to its first text and to its end. */
  async turn(prompt: string): Promise<{ firstTextMs: number; doneMs: number }> {
    this.#tail = '';
    this.#firstTextAt = undefined;
    const done = new Promise<void>((resolve) => (this.#onDone = resolve));
    const began = process.hrtime.bigint();
    this.#send({ type: 'prompt', id: randomUUID(), prompt });
    await done;
    const ended = process.hrtime.bigint();
    return { firstTextMs: millis((this.#firstTextAt ?? ended) - began), doneMs: millis(ended - began) };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const closed = new Promise((resolve) => this.#socket.once('close', resolve));
    this.#socket.destroy();
    await closed;
  }

  #read(chunk: Buffer): void {
    if (this.#firstTextAt === undefined && chunk.includes('"type":"text"')) this.#firstTextAt = process.hrtime.bigint();
    // The mark may lie across two chunks; the end of a turn is among the last few hundred bytes.
    const end = this.#tail + chunk.toString('latin1', Math.max(0, chunk.length - 600));
    this.#tail = end.slice(-doneMark.length);
    if (end.includes(doneMark)) this.#onDone?.();
  }

  /** RFC 6455, 5.2: a client masks; with a key of zeros the payload stays as it is. */
  #send(message: object): void {
    const payload = Buffer.from(JSON.stringify(message));
    const length = payload.length < 126 ? [0x80 | payload.length] : [0xfe, payload.length >> 8, payload.length & 0xff];
    this.#socket.write(Buffer.concat([Buffer.from([0x81, ...length, 0, 0, 0, 0]), payload]));
  }
}

function millis(nanos: bigint): number {
  return Number(nanos) / 1e6;
}
