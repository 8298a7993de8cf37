import { promisify } from 'node:util';
import { deflateRaw, inflateRaw } from 'node:zlib';
import type { Json } from '@holdfast/protocol';
import type { Blobs, BlobRef } from './blobs.dynamodb.ts';
import type { Item } from './connection.dynamodb.ts';
import { newSessionState, type SessionState } from '../conversation.ts';
import { bufferOf, corrupt, isBlob, type Packed } from './items.dynamodb.ts';
import { taskFieldNames, type TaskDocument } from '../record.ts';

/** Attribute of each field that is known by name; all others are together in one. */
const attributeNames: ReadonlyMap<string, string> = new Map(
  taskFieldNames.map((name) => [name, name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`)]),
);
const otherName = 'task_other';
const blobName = 'task_blob';

/** Every write to a record costs by the size of the whole item, so what is larger lies beside it. */
const maxInlineTaskBytes = 16_384;
const maxInlineTextBytes = 32_768;
const minPackedBytes = 1_024;

const deflate = promisify(deflateRaw);
const inflate = promisify(inflateRaw);

/** JSON documents as they are stored: within the item when they are small, deflated, or in a blob. */
export class Documents {
  readonly #blobs: Blobs;

  constructor(blobs: Blobs) {
    this.#blobs = blobs;
  }

  async pack(id: string, value: object): Promise<Packed> {
    const text = JSON.stringify(value);
    if (text.length < minPackedBytes) return text;
    const bytes = await deflate(text, { level: 3 });
    return bytes.length <= maxInlineTextBytes ? bytes : await this.#blobs.write(id, bytes);
  }

  /** Undefined when it lies in a blob that is not there: it was replaced meanwhile, or is lost. */
  async unpack(id: string, packed: Packed): Promise<string | undefined> {
    if (typeof packed === 'string') return packed;
    const bytes = isBlob(packed) ? await this.#blobs.read(id, packed) : bufferOf(packed);
    return bytes && (await inflate(bytes)).toString('utf8');
  }

  /** The attributes of a task document, all of them: one that it has not is undefined. */
  async taskAttributes(id: string, task: TaskDocument): Promise<Item> {
    const none = Object.fromEntries([...attributeNames.values(), otherName, blobName].map((name) => [name, undefined]));
    const text = JSON.stringify(task);
    if (Buffer.byteLength(text) > maxInlineTaskBytes) {
      return { ...none, [blobName]: await this.#blobs.write(id, await deflate(text, { level: 3 })) };
    }
    const entries = Object.entries(task).filter(([, value]) => value !== undefined);
    const known = entries.flatMap(([name, value]) => {
      const attribute = attributeNames.get(name);
      return attribute === undefined ? [] : [[attribute, JSON.stringify(value)] as const];
    });
    const others = entries.filter(([name]) => !attributeNames.has(name));
    const other = others.length === 0 ? undefined : JSON.stringify(Object.fromEntries(others));
    return { ...none, ...Object.fromEntries(known), [otherName]: other };
  }

  /** Undefined when it lies in a blob that is not there. */
  async readTask(id: string, item: Item): Promise<TaskDocument | undefined> {
    try {
      const blob = item[blobName];
      if (blob !== undefined) {
        const text = await this.unpack(id, blob as BlobRef);
        return text === undefined ? undefined : parseTask(text);
      }
      const fields: [string, Json][] = [];
      for (const [name, attribute] of attributeNames) {
        const text = item[attribute];
        if (text !== undefined) fields.push([name, parseField(text)]);
      }
      const other = item[otherName] === undefined ? {} : parseTask(item[otherName]);
      return Object.fromEntries([...fields, ...Object.entries(other)]) as TaskDocument;
    } catch (cause) {
      throw corrupt(id, 'task document', cause);
    }
  }

  /** Undefined when it lies in a blob that is not there. */
  async readSession(id: string, item: Item): Promise<SessionState | undefined> {
    const packed = item['session'] as Packed | undefined;
    if (packed === undefined) return newSessionState;
    try {
      const text = await this.unpack(id, packed);
      return text === undefined ? undefined : parseSession(text);
    } catch (cause) {
      throw corrupt(id, 'session', cause);
    }
  }
}

function parseField(text: unknown): Json {
  if (typeof text !== 'string') throw new TypeError('a field is no JSON text');
  return JSON.parse(text) as Json;
}

function parseTask(text: unknown): TaskDocument {
  const task = parseField(text);
  if (typeof task !== 'object' || task === null || Array.isArray(task)) throw new TypeError('it is no object');
  return task as TaskDocument;
}

function parseSession(text: string): SessionState {
  const session = JSON.parse(text) as SessionState;
  if (typeof session !== 'object' || session === null || !Array.isArray(session.pending)) {
    throw new TypeError('it is no session');
  }
  return session;
}
