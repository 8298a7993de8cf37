import { randomBytes } from 'node:crypto';
import type { Connection, Key } from './connection.dynamodb.ts';
import { bufferOf } from './items.dynamodb.ts';
import { inParallel } from './parallel.dynamodb.ts';

/** Bytes in pieces, each an item: `pieces` of them, numbered from `base`, `length` bytes in all. */
export type BlobRef = { readonly base: bigint; readonly pieces: number; readonly length: number };

/** An item is 400 kB at most, its keys and names included. */
const maxPieceBytes = 380_000;
/** A request of 1.5 MB has its time on slow lines too. */
const piecesPerRequest = 4;
const requestsAtOnce = 3;
/** Pieces are numbered within this. */
const maxPieces = 1n << 20n;

/** What is too large for the item that it belongs to. Written before that item names it; until then it is nobody's. */
export class Blobs {
  readonly #connection: Connection;
  readonly #now: () => number;

  constructor(connection: Connection, now: () => number) {
    this.#connection = connection;
    this.#now = now;
  }

  async write(id: string, bytes: Uint8Array): Promise<BlobRef> {
    const base = (1n + BigInt(`0x${randomBytes(11).toString('hex')}`)) * maxPieces;
    const pieces = Math.max(1, Math.ceil(bytes.length / maxPieceBytes));
    const at = this.#now();
    const items = Array.from({ length: pieces }, (_, index) => {
      const piece = bytes.subarray(index * maxPieceBytes, (index + 1) * maxPieceBytes);
      return { put: { ...pieceKey(id, base, index), at, bytes: piece } };
    });
    const requests = Array.from({ length: Math.ceil(pieces / piecesPerRequest) }, (_, index) =>
      items.slice(index * piecesPerRequest, (index + 1) * piecesPerRequest),
    );
    await inParallel(requestsAtOnce, requests, (some) => this.#connection.writeMany('messages', some));
    return { base, pieces, length: bytes.length };
  }

  /** Undefined when it is not there, or not whole. */
  async read(id: string, { base, pieces, length }: BlobRef): Promise<Buffer | undefined> {
    const found: Uint8Array[] = [];
    const values = { id: blobsOf(id), first: base, last: base + BigInt(pieces) - 1n };
    for (let from: Record<string, unknown> | undefined; ;) {
      const key = '#conversation_id = :id AND #seq BETWEEN :first AND :last';
      const page = await this.#connection.query('messages', { key, values, ...(from && { from }) });
      for (const item of page.items) if (item['bytes'] instanceof Uint8Array) found.push(item['bytes']);
      if (page.next === undefined) break;
      from = page.next;
    }
    const [only] = found;
    const bytes = found.length === 1 && only !== undefined ? bufferOf(only) : Buffer.concat(found);
    return bytes.length === length ? bytes : undefined;
  }

  async delete(id: string, { base, pieces }: BlobRef): Promise<void> {
    const keys = Array.from({ length: pieces }, (_, index) => ({ delete: pieceKey(id, base, index) }));
    await this.#connection.writeMany('messages', keys);
  }
}

/** The partition of a conversation's blobs. */
export function blobsOf(id: string): string {
  return `${id}#blobs`;
}

function pieceKey(id: string, base: bigint, index: number): Key {
  return { conversation_id: blobsOf(id), seq: base + BigInt(index) };
}
