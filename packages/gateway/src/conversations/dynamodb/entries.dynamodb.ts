import { setTimeout as delay } from 'node:timers/promises';
import { HoldfastError } from '@holdfast/protocol';
import { checkEntry, checkKey, isCurrent } from '../entry.ts';
import type { Entry, EntryChange, EntryStore } from '../entry-store.ts';
import type { Item } from './connection.dynamodb.ts';
import type { Context } from './context.dynamodb.ts';
import { activityOf, keyOf, newToken, numberIn, textIn } from './items.dynamodb.ts';
import { eachPage } from './pages.dynamodb.ts';
import { inParallel } from './parallel.dynamodb.ts';

/** What is stored under a key: of a deleted one only who changed it last. */
type Stored = {
  readonly entry: Entry | undefined;
  /** Names of the last changes, newest last. */
  readonly writes: readonly string[];
};

/** A change finds itself among so many that came after it: more than busy gateways make before the SDK sends a request again. */
const keptWrites = 32;
/** What was deleted or has expired stays so long: whoever had changed it may still ask whether that was done. */
const lateMs = 60_000;
/** Another was quicker: a pause of random length, up to twice as long each time, up to this. */
const maxPauseMs = 200;
const maxTries = 120;
const minPageLength = 25;
const atOnce = 16;

/** Partitions of `by-status` that no conversation has. */
const expiring = '#expiring';
const deleted = '#deleted';

/**
 * Entries, each one item beside the records: a conversation's id has no `#`. A change is one request with a condition on the
 * name of the change before it. The names of the last ones are kept, in a deleted entry too, because the SDK sends a request
 * again when its answer is late: the condition fails because of ourselves, and others may have gone on from there.
 *
 * An index shows what was chosen when it was made, so two attributes have names that say something else of a conversation:
 * `lease_until` is when it expires (in `by-work`, which has the lists), `last_activity_at` from when on nobody needs the item
 * (in `by-status`, which has those to be swept).
 */
export class Entries implements EntryStore {
  readonly #context: Context;
  #lastAt = Number.NEGATIVE_INFINITY;
  #sameAt = 0;

  constructor(context: Context) {
    this.#context = context;
  }

  async readEntry(key: string): Promise<Entry | undefined> {
    checkKey(key);
    return this.#current(await this.#find(key));
  }

  async changeEntry<Result>(key: string, change: (current: Entry | undefined) => EntryChange<Result>): Promise<Result> {
    checkKey(key);
    // One at a time of this process: they would only be in each other's way.
    return this.#context.inOrder(idOf(key), () => this.#change(key, change));
  }

  async entriesIn(list: string, limit: number): Promise<readonly string[]> {
    checkKey(list);
    const keys: string[] = [];
    for (let from: Item | undefined; keys.length < limit;) {
      const page = await this.#context.connection.query('records', {
        index: 'by-work',
        key: '#work = :list',
        filter: 'attribute_not_exists(#lease_until) OR #lease_until > :now',
        projection: '#conversation_id',
        values: { list: workOf(list), now: this.#context.now() },
        limit: Math.max(minPageLength, limit - keys.length),
        ...(from && { from }),
      });
      keys.push(...page.items.map((item) => textIn(item, 'conversation_id').slice(idPrefix.length)));
      if (page.next === undefined) break;
      from = page.next;
    }
    return keys.slice(0, limit);
  }

  async sweepEntries({ signal }: { readonly signal?: AbortSignal } = {}): Promise<number> {
    const expired = await this.#sweep(expiring, signal);
    await this.#sweep(deleted, signal);
    return expired;
  }

  async #change<Result>(key: string, change: (current: Entry | undefined) => EntryChange<Result>): Promise<Result> {
    let stored = await this.#find(key);
    for (let tries = 1; tries <= maxTries; tries++) {
      const current = this.#current(stored);
      const { next, result } = change(current);
      if (next === undefined || (next === null && current === undefined)) return result;
      if (next !== null) checkEntry(key, next);
      const writes = [...(stored?.writes ?? []), newToken()].slice(-keptWrites);
      const seen = stored?.writes.at(-1);
      const condition = seen === undefined ? 'attribute_not_exists(#conversation_id)' : '#last_write = :seen';
      const put = await this.#context.connection.put('records', this.#item(key, next, writes), {
        condition,
        values: { seen },
      });
      if (put.kind === 'done') return result;
      const before = stored;
      if (!put.wasSentAgain) await delay(Math.random() * Math.min(maxPauseMs, 2 ** tries));
      stored = await this.#find(key);
      if (put.wasSentAgain && wasDone(key, before, stored, writes.at(-1) as string)) return result;
    }
    throw new HoldfastError('unavailable', `The entry ${key} is changed by too many at once; try again.`);
  }

  async #find(key: string): Promise<Stored | undefined> {
    const item = await this.#context.connection.get('records', keyOf(idOf(key)));
    return item && readStored(key, item);
  }

  #current(stored: Stored | undefined): Entry | undefined {
    return isCurrent(stored?.entry, this.#context.now()) ? stored.entry : undefined;
  }

  #item(key: string, next: Entry | null, writes: readonly string[]): Item {
    const now = this.#context.now();
    const endsAt = next === null ? now : next.expiresAt;
    const unneededAt = endsAt === null ? undefined : endsAt + lateMs;
    return {
      ...keyOf(idOf(key)),
      activity: this.#nextActivity(now),
      body: next?.body,
      work: next === null || next.list === null ? undefined : workOf(next.list),
      lease_until: next?.expiresAt ?? undefined,
      status: next === null ? deleted : next.expiresAt === null ? undefined : expiring,
      last_activity_at: unneededAt,
      ttl: unneededAt === undefined ? undefined : Math.ceil(unneededAt / 1000),
      last_write: writes.at(-1),
      earlier_writes: writes.slice(0, -1),
    };
  }

  /** Orders the changes of this process, and by their clocks those of several. */
  #nextActivity(now: number): string {
    this.#sameAt = now > this.#lastAt ? 0 : this.#sameAt + 1;
    this.#lastAt = Math.max(now, this.#lastAt);
    return activityOf(this.#lastAt, String(this.#sameAt).padStart(12, '0'));
  }

  async #sweep(status: string, signal: AbortSignal | undefined): Promise<number> {
    const { connection } = this.#context;
    const values = { status, now: this.#context.now() };
    const request = {
      index: 'by-status',
      key: '#status = :status',
      filter: '#last_activity_at <= :now',
      projection: '#conversation_id',
      values,
    };
    let count = 0;
    await eachPage(connection, 'records', request, signal, async (items) => {
      const swept = await inParallel(atOnce, items, (item) =>
        connection.delete('records', keyOf(textIn(item, 'conversation_id')), {
          condition: '#status = :status AND #last_activity_at <= :now',
          values,
        }),
      );
      count += swept.filter(({ kind }) => kind === 'done').length;
    });
    return count;
  }
}

const idPrefix = '#entry-';
const workPrefix = 'entries:';

function idOf(key: string): string {
  return `${idPrefix}${key}`;
}

function workOf(list: string): string {
  return `${workPrefix}${list}`;
}

/** Whether the change of this name, made after `before`, is in what is stored now; `unavailable` when nobody can tell any more. */
function wasDone(key: string, before: Stored | undefined, stored: Stored | undefined, write: string): boolean {
  const writes = stored?.writes ?? [];
  if (writes.includes(write)) return true;
  const seen = before?.writes.at(-1);
  const hasAllSince = seen === undefined ? writes.length < keptWrites : writes.includes(seen);
  if (hasAllSince) return false;
  throw new HoldfastError(
    'unavailable',
    `DynamoDB did not say whether it changed the entry ${key}; look before trying again.`,
  );
}

function readStored(key: string, item: Item): Stored {
  try {
    const writes = [...((item['earlier_writes'] ?? []) as readonly string[]), textIn(item, 'last_write')];
    if (item['status'] === deleted) return { entry: undefined, writes };
    const list = item['work'] === undefined ? null : textIn(item, 'work').slice(workPrefix.length);
    const expiresAt = item['lease_until'] === undefined ? null : numberIn(item, 'lease_until');
    return { entry: { body: textIn(item, 'body'), list, expiresAt }, writes };
  } catch (cause) {
    throw new HoldfastError('internal', `The stored entry ${key} is corrupt; restore it from a backup.`, { cause });
  }
}
