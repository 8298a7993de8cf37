import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { until } from './until.ts';

export type RawRequest = {
  readonly port: number;
  /** The request's target, as it stands. */
  readonly target: string;
  /** Beside `Host` and those of an upgrade; a value of '' leaves one of them out. */
  readonly headers?: Readonly<Record<string, string>>;
};

export type RawFrame = {
  readonly opcode?: number;
  readonly payload?: Buffer | string;
  readonly fin?: boolean;
  readonly masked?: boolean;
  /** RSV1 to RSV3 as the high bits of the first byte. */
  readonly reserved?: number;
};

/** A WebSocket spoken by hand, for what no client library would send (RFC 6455). */
export class RawSocket {
  readonly #socket: Socket;
  #bytes: Buffer = Buffer.alloc(0);
  /** The answer to the upgrade, its head. */
  head = '';
  readonly texts: string[] = [];
  /** The close frame that came; code 1005 when it had none, 1006 when the connection ended without. */
  close: { readonly code: number; readonly reason: string } | undefined;

  private constructor(socket: Socket) {
    this.#socket = socket;
    socket.on('error', () => undefined);
    socket.on('close', () => (this.close ??= { code: 1006, reason: '' }));
    socket.on('data', (chunk) => this.#read(chunk));
  }

  /** Resolves when the head of the answer is there, or the connection has ended. */
  static async open({ port, target, headers = {} }: RawRequest): Promise<RawSocket> {
    const socket = connect(port, '127.0.0.1');
    await once(socket, 'connect');
    const raw = new RawSocket(socket);
    const all = {
      Host: `127.0.0.1:${port}`,
      Connection: 'Upgrade',
      Upgrade: 'websocket',
      Authorization: 'Bearer ada-token',
      'Sec-WebSocket-Version': '13',
      'Sec-WebSocket-Key': randomBytes(16).toString('base64'),
      ...headers,
    };
    const lines = Object.entries(all).flatMap(([name, value]) => (value === '' ? [] : [`${name}: ${value}`]));
    socket.write(`GET ${target} HTTP/1.1\r\n${lines.join('\r\n')}\r\n\r\n`);
    await until('an answer to the upgrade', () => raw.head !== '' || raw.close !== undefined);
    return raw;
  }

  get status(): number {
    return Number(/^HTTP\/1\.1 (\d+)/.exec(this.head)?.[1]);
  }

  send({ opcode = 1, payload = '', fin = true, masked = true, reserved = 0 }: RawFrame): void {
    const data = Buffer.from(payload);
    const mask = masked ? randomBytes(4) : Buffer.alloc(0);
    const length = data.length < 126 ? [data.length] : data.length < 65_536 ? [126] : [127];
    const extended = Buffer.alloc(data.length < 126 ? 0 : data.length < 65_536 ? 2 : 8);
    if (extended.length === 2) extended.writeUInt16BE(data.length);
    if (extended.length === 8) extended.writeBigUInt64BE(BigInt(data.length));
    const first = (fin ? 0x80 : 0) | reserved | opcode;
    const second = (masked ? 0x80 : 0) | (length[0] as number);
    const body = masked ? data.map((byte, index) => byte ^ (mask[index % 4] as number)) : data;
    this.write(Buffer.concat([Buffer.from([first, second]), extended, mask, body]));
  }

  /** Bytes that need not be a frame. */
  write(bytes: Buffer): void {
    this.#socket.write(bytes);
  }

  /** The close frame, when it has come. */
  closed(): Promise<{ readonly code: number; readonly reason: string }> {
    return until('the connection to be closed', () => this.close);
  }

  end(): void {
    this.#socket.destroy();
  }

  #read(chunk: Buffer): void {
    this.#bytes = Buffer.concat([this.#bytes, chunk]);
    if (this.head === '') {
      const end = this.#bytes.indexOf('\r\n\r\n');
      if (end < 0) return;
      this.head = this.#bytes.toString('latin1', 0, end);
      this.#bytes = this.#bytes.subarray(end + 4);
    }
    while (this.#readFrame()) continue;
  }

  /** True when a whole frame was there. Servers do not mask. */
  #readFrame(): boolean {
    const bytes = this.#bytes;
    if (bytes.length < 2 || this.close !== undefined) return false;
    const short = (bytes[1] as number) & 0x7f;
    const headBytes = short < 126 ? 2 : short === 126 ? 4 : 10;
    if (bytes.length < headBytes) return false;
    const length = short < 126 ? short : short === 126 ? bytes.readUInt16BE(2) : Number(bytes.readBigUInt64BE(2));
    if (bytes.length < headBytes + length) return false;
    const payload = bytes.subarray(headBytes, headBytes + length);
    this.#bytes = bytes.subarray(headBytes + length);
    const opcode = (bytes[0] as number) & 0x0f;
    if (opcode === 1) this.texts.push(payload.toString('utf8'));
    if (opcode === 8) {
      const code = payload.length < 2 ? 1005 : payload.readUInt16BE(0);
      this.close = { code, reason: payload.toString('utf8', 2) };
    }
    return true;
  }
}
