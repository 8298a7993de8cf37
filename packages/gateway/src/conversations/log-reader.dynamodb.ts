import type { ConversationId } from '@holdfast/protocol';
import type { Item } from './connection.dynamodb.ts';
import type { Context } from './context.dynamodb.ts';
import { bufferOf, corrupt, isBlob, readBatch, reading, readState, type Tail } from './items.dynamodb.ts';
import { walkLog, type LogBatch } from './log-batch.ts';

/** Items of one request: a page of them is some hundred kB. */
const pageLength = 64;

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
    const found: LogBatch[] = [];
    let bytes = 0;
    for await (const stored of this.#batches(id, logId, seq, tail)) {
      const batch = await this.#load(id, stored);
      const expected = found.at(-1)?.lastSeq ?? Math.min(seq, stored.firstSeq - 1);
      const isNext = found.length === 0 ? stored.firstSeq <= seq + 1 : stored.firstSeq === expected + 1;
      if (batch === undefined || !isNext) return this.#explain(id, logId);
      found.push(batch);
      bytes += batch.bytes.length;
      if (bytes >= maxBytes) break;
    }
    return found;
  }

  async *#batches(id: ConversationId, logId: string, seq: number, tail: Tail): AsyncGenerator<Tail> {
    const values = { id, first: seq + 1, last: tail.firstSeq - 1 };
    const request = { key: '#conversation_id = :id AND #seq BETWEEN :first AND :last', values, limit: pageLength };
    for (let from: Item | undefined, isMore = values.first <= values.last; isMore;) {
      const page = await this.#context.connection.query('messages', { ...request, ...(from && { from }) });
      for (const item of page.items) if (item['log_id'] === logId) yield reading(id, 'log', () => readBatch(item));
      from = page.next;
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
