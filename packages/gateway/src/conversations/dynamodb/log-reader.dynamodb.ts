import type { ConversationId } from '@holdfast/protocol';
import type { Item } from './connection.dynamodb.ts';
import type { Context } from './context.dynamodb.ts';
import { bufferOf, corrupt, isBlob, readBatch, reading, readState, type Tail } from './items.dynamodb.ts';
import { walkLog, type LogBatch } from '../log-batch.ts';
import { inParallel } from './parallel.dynamodb.ts';

/** Items of the first request, and of later ones, each of which asks for twice as many: batches may be small or large. */
const firstPageLength = 64;
const maxPageLength = 1_024;
const atOnce = 8;

/** Reads logs: what is in the messages table up to the record's tail, and the tail. */
export class LogReader {
  readonly #context: Context;

  constructor(context: Context) {
    this.#context = context;
  }

  async read(id: ConversationId, seq: number, maxBytes: number): Promise<readonly LogBatch[]> {
    // What comes while this reads is for the next call: the tail says how far the log went when it began.
    const item = await this.#context.find(id);
    if (item === undefined) return [];
    const { logId, tail, lastSeq } = reading(id, 'log', () => readState(item));
    if (seq >= lastSeq) return [];
    if (tail === undefined || tail.lastSeq !== lastSeq) throw corrupt(id, 'log');
    const wanted: Tail[] = [];
    let bytes = 0;
    for await (const stored of this.#batches(id, logId, seq, tail)) {
      const last = wanted.at(-1);
      const isNext = last === undefined ? stored.firstSeq <= seq + 1 : stored.firstSeq === last.lastSeq + 1;
      if (!isNext) return this.#explain(id, logId);
      wanted.push(stored);
      bytes += stored.bytes.length;
      if (bytes >= maxBytes) break;
    }
    const found = await inParallel(atOnce, wanted, (stored) => this.#load(id, stored));
    const batches = found.filter((batch) => batch !== undefined);
    return batches.length === found.length ? batches : this.#explain(id, logId);
  }

  async *#batches(id: ConversationId, logId: string, seq: number, tail: Tail): AsyncGenerator<Tail> {
    const values = { id, first: seq + 1, last: tail.firstSeq - 1 };
    const request = { key: '#conversation_id = :id AND #seq BETWEEN :first AND :last', values };
    let from: Item | undefined;
    let limit = firstPageLength;
    let isMore = values.first <= values.last;
    while (isMore) {
      const page = await this.#context.connection.query('messages', { ...request, limit, ...(from && { from }) });
      for (const item of page.items) if (item['log_id'] === logId) yield reading(id, 'log', () => readBatch(item));
      from = page.next;
      limit = Math.min(maxPageLength, limit * 2);
      isMore = from !== undefined;
    }
    yield tail;
  }

  /** Undefined when it lies in a blob that is not there. */
  async #load(id: ConversationId, { firstSeq, lastSeq, bytes: place }: Tail): Promise<LogBatch | undefined> {
    const bytes = isBlob(place) ? await this.#context.blobs.read(id, place) : bufferOf(place);
    if (bytes === undefined) return undefined;
    return reading(id, 'log', () => {
      let count = 0;
      walkLog(bytes, () => void count++);
      if (count !== lastSeq - firstSeq + 1) throw new RangeError('the batch has another number of messages');
      return { firstSeq, lastSeq, bytes };
    });
  }

  /** A hole in the log: it was deleted meanwhile, or something is lost. */
  async #explain(id: ConversationId, logId: string): Promise<readonly LogBatch[]> {
    const item = await this.#context.find(id);
    if (item?.['log_id'] === logId) throw corrupt(id, 'log');
    return [];
  }
}
