import { createHash } from 'node:crypto';
import { conversationStatuses, type ConversationId } from '@holdfast/protocol';
import { blobsOf } from './blobs.dynamodb.ts';
import type { Item, Key } from './connection.dynamodb.ts';
import type { Context } from './context.dynamodb.ts';
import { eachPage } from './pages.dynamodb.ts';
import { inParallel } from './parallel.dynamodb.ts';
import { activityOf, isForgotten, isTombstone, keyOf, numberIn, textIn } from './items.dynamodb.ts';
import type { Cleanup } from '../store.ts';

/** What is younger than this may belong to something that is under way. */
const graceMs = 3_600_000;
/** Partitions of the list of logs, so that no single one takes every creation. */
const registryParts = 16;
const atOnce = 16;
const setPurged = 'SET #is_purged = :purged';

/**
 * Deletes logs, and finds those that an interrupted deletion left, without a Scan: each conversation has a marker in the
 * messages table from before its record is made until after its log is gone.
 */
export class Sweep {
  readonly #context: Context;

  constructor(context: Context) {
    this.#context = context;
  }

  /** Before a record is made: notes that it will have a log, and deletes what one with the same id left. */
  async makeRoom(id: ConversationId, there: Item | undefined): Promise<void> {
    const noted = await this.#context.connection.put('messages', this.#marker(id));
    const isNew = noted.kind === 'done' && noted.item['log_of'] === undefined && there === undefined;
    if (!isNew) await this.#purge(id, (there?.['log_id'] as string | undefined) ?? '');
  }

  /** The marker stays for another hour, and with it whatever a late writer adds is found. */
  async afterDelete(id: ConversationId): Promise<void> {
    await this.#context.connection.put('messages', this.#marker(id));
    await this.#purge(id);
  }

  async cleanup({ before, userId, signal }: Cleanup): Promise<number> {
    const partitions =
      userId === undefined
        ? conversationStatuses.map((status) => ['by-status', '#status', status] as const)
        : [['by-user', '#user_id', userId] as const];
    let count = 0;
    for (const [index, attribute, value] of partitions) {
      const request = {
        index,
        key: `${attribute} = :value AND #activity < :before`,
        filter: 'attribute_not_exists(#work)',
        projection: '#conversation_id, #last_activity_at',
        values: { value, before: activityOf(before + 1, '') },
      };
      await eachPage(this.#context.connection, 'records', request, signal, async (items) => {
        const deleted = await inParallel(atOnce, items, (item) => this.#expire(item));
        count += deleted.filter(Boolean).length;
      });
    }
    // What is left of logs is nobody's, so a person's own cleanup does not look for it.
    if (userId !== undefined) return count;
    for (let part = 0; part < registryParts; part++) await this.#walkRegistry(part, signal);
    return count;
  }

  /** True when this call deleted it. An index may be behind: the record itself decides. */
  async #expire(item: Item): Promise<boolean> {
    const id = textIn(item, 'conversation_id') as ConversationId;
    const deleted = await this.#context.connection.delete('records', keyOf(id), {
      condition: '#last_activity_at = :seen AND attribute_not_exists(#work)',
      values: { seen: item['last_activity_at'] },
    });
    if (deleted.kind === 'refused') return false;
    this.#context.forget(id);
    await this.#context.connection.put('messages', this.#marker(id));
    await this.#purge(id);
    return true;
  }

  async #walkRegistry(part: number, signal: AbortSignal | undefined): Promise<void> {
    const request = {
      key: '#conversation_id = :part',
      filter: '#at <= :old',
      values: { part: registryPart(part), old: this.#context.now() - graceMs },
    };
    await eachPage(this.#context.connection, 'messages', request, signal, async (markers) => {
      const keys = markers.map((marker) => keyOf(textIn(marker, 'log_of')));
      const records = await this.#context.connection.getMany('records', keys, '#conversation_id, #deleted_at');
      const found = new Map(records.map((record) => [record['conversation_id'], record]));
      await inParallel(atOnce, markers, (marker) => this.#settle(marker, found.get(marker['log_of'])));
    });
  }

  /** A log whose record is gone, by us or by DynamoDB's own sweeper. */
  async #settle(marker: Item, record: Item | undefined): Promise<void> {
    if (record !== undefined && !isTombstone(record)) return;
    const { connection, now } = this.#context;
    const id = textIn(marker, 'log_of') as ConversationId;
    const key = { conversation_id: textIn(marker, 'conversation_id'), seq: marker['seq'] as bigint };
    const ifSame = { condition: '#at = :seen', values: { seen: numberIn(marker, 'at'), purged: true } };
    if (marker['is_purged'] !== true) await this.#purge(id);
    if (record !== undefined && !isForgotten(record, now())) {
      // Only the marker leads to the tombstone.
      if (marker['is_purged'] !== true) await connection.update('messages', key, { ...ifSame, update: setPurged });
      return;
    }
    if (record !== undefined) {
      const values = { seen: record['deleted_at'] };
      await connection.delete('records', keyOf(id), { condition: '#deleted_at = :seen', values });
    }
    await connection.delete('messages', key, ifSame);
  }

  /**
   * Deletes log, commands and blobs. Somebody may make the same id anew meanwhile: what belongs to a record that is there stays,
   * unless it is the one named `oldLogId`.
   */
  async #purge(id: ConversationId, oldLogId?: string): Promise<void> {
    const { connection } = this.#context;
    for (const partition of [id, commandsOf(id), blobsOf(id)]) {
      const request = {
        key: '#conversation_id = :partition',
        projection: '#conversation_id, #seq, #log_id, #at',
        values: { partition },
      };
      await eachPage(this.#context.connection, 'messages', request, undefined, async (items) => {
        // Read after the page: what the page holds of a log without a record belongs to none that will come.
        const record = await connection.get('records', keyOf(id), '#log_id, #deleted_at');
        const liveLogId = record?.['log_id'] === oldLogId ? undefined : record?.['log_id'];
        const isGone = record !== undefined && isTombstone(record);
        await inParallel(atOnce, items, async (item) => {
          const key = { conversation_id: partition, seq: item['seq'] as number | bigint };
          if (item['log_id'] === undefined) {
            const isYoung = numberIn(item, 'at') > this.#context.now() - graceMs;
            if (isGone || (liveLogId === undefined && !isYoung)) await connection.delete('messages', key);
          } else if (item['log_id'] !== liveLogId) {
            await this.#deleteOf(key, item['log_id']);
          }
        });
      });
    }
  }

  async #deleteOf(key: Key, logId: unknown): Promise<void> {
    await this.#context.connection.delete('messages', key, { condition: '#log_id = :logId', values: { logId } });
  }

  #marker(id: ConversationId): Item {
    const seq = numberOf(id);
    const part = Number(seq % BigInt(registryParts));
    return { conversation_id: registryPart(part), seq, log_of: id, at: this.#context.now() };
  }
}

/** The partition of a conversation's commands. */
export function commandsOf(id: string): string {
  return `${id}#commands`;
}

/** A number for a text that no other text has: the first 120 bits of its SHA-256; DynamoDB's numbers have 38 digits. */
export function numberOf(text: string): bigint {
  return BigInt(`0x${createHash('sha256').update(text).digest('hex').slice(0, 30)}`);
}

function registryPart(part: number): string {
  return `#logs-${part}`;
}
