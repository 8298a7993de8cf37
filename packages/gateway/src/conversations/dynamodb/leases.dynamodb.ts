import type { ConversationId } from '@holdfast/protocol';
import type { Item } from './connection.dynamodb.ts';
import type { Context } from './context.dynamodb.ts';
import { updateOf } from './expression.dynamodb.ts';
import { keyOf, newToken, reading, readState, textIn, type RecordState } from './items.dynamodb.ts';
import { inParallel } from './parallel.dynamodb.ts';
import type { Head, LeaseRequest, LeaseResult } from '../store.ts';

const atOnce = 16;

/** Leases lie in the record, because what they fence is written there. */
export class Leases {
  readonly #context: Context;
  /** Whose leases were acquired through this store; `renew` moves those. */
  readonly #owners = new Map<ConversationId, string>();

  constructor(context: Context) {
    this.#context = context;
  }

  acquire(id: ConversationId, request: LeaseRequest): Promise<LeaseResult> {
    return this.#context.untilDone(id, async (): Promise<LeaseResult | undefined> => {
      const item = await this.#context.find(id);
      if (item === undefined) return { kind: 'missing' };
      const { logId, generation } = reading(id, 'record', () => readState(item));
      const owner = item['lease_owner'] === undefined ? null : textIn(item, 'lease_owner');
      const until = Number(item['lease_until'] ?? 0);
      const isFree = owner === null || until <= request.now || owner === request.takeFrom;
      if (owner !== request.owner && !isFree) return { kind: 'held', owner, until };
      // Nobody is to hold what nobody can read.
      if ((await this.#context.read(item)) === undefined) return undefined;
      const next = Math.max(owner === request.owner ? generation : generation + 1, request.minGeneration ?? 0);
      const update = updateOf({ lease_owner: request.owner, lease_until: request.until, lease_generation: next });
      const changed = await this.#context.connection.update('records', keyOf(id), {
        update: update.update,
        condition: [
          '#log_id = :logId AND #lease_generation = :generation',
          owner === null ? 'attribute_not_exists(#lease_owner)' : '#lease_owner = :owner AND #lease_until = :until',
        ].join(' AND '),
        values: { ...update.values, logId, generation, owner, until },
      });
      if (changed.kind === 'refused') return undefined;
      const conversation = await this.#context.read(changed.item);
      if (conversation === undefined) return { kind: 'missing' };
      const state = reading(id, 'record', () => readState(changed.item));
      if (next !== generation) await this.#cutLog(state);
      this.#owners.set(id, request.owner);
      this.#context.remember(state);
      return { kind: 'acquired', generation: next, conversation };
    });
  }

  /**
   * Deletes batches behind the end of the log. There are none unless the tables were restored from backups of different moments:
   * only what was committed is stored there.
   */
  async #cutLog({ conversationId: id, logId, lastSeq }: RecordState): Promise<void> {
    const request = { key: '#conversation_id = :id AND #seq > :lastSeq', values: { id, lastSeq } };
    for (;;) {
      const { items } = await this.#context.connection.query('messages', { ...request, projection: '#seq' });
      if (items.length === 0) return;
      // Read after the page: what was committed meanwhile is not behind the end any more.
      const record = await this.#context.find(id);
      const end = record?.['log_id'] === logId ? Number(record['last_seq']) : Number.POSITIVE_INFINITY;
      const behind = items.map((item) => Number(item['seq'])).filter((seq) => seq > end);
      if (behind.length === 0) return;
      await inParallel(atOnce, behind, (seq) => this.#context.connection.delete('messages', { ...keyOf(id), seq }));
    }
  }

  async renew(owner: string, until: number): Promise<void> {
    const ids = [...this.#owners].filter(([, acquiredBy]) => acquiredBy === owner).map(([id]) => id);
    await inParallel(atOnce, ids, async (id) => {
      const renewed = await this.#context.connection.update('records', keyOf(id), {
        update: 'SET #lease_until = :until',
        condition: '#lease_owner = :owner',
        values: { owner, until },
      });
      if (renewed.kind === 'refused') this.#owners.delete(id);
    });
  }

  async release(id: ConversationId, owner: string, generation: number): Promise<void> {
    const released = await this.#context.connection.update('records', keyOf(id), {
      update: 'REMOVE #lease_owner',
      condition: '#lease_owner = :owner AND #lease_generation = :generation',
      values: { owner, generation },
    });
    if (released.kind === 'refused') return;
    this.#owners.delete(id);
    this.#context.forget(id);
  }

  async heads(ids: readonly ConversationId[]): Promise<ReadonlyMap<ConversationId, Head>> {
    const keys = [...new Set(ids)].map(keyOf);
    const heads = new Map<ConversationId, Head>();
    for (const item of await this.#context.connection.getMany('records', keys, headProjection)) {
      if (!this.#context.isThere(item)) continue;
      const id = String(item['conversation_id']) as ConversationId;
      heads.set(
        id,
        reading(id, 'record', () => headOf(item)),
      );
    }
    return heads;
  }

  /** Regular work is an item that no conversation can have: ids have no `#`. */
  async beginWork(
    name: string,
    turn: { owner: string; now: number; until: number; everyMs: number },
  ): Promise<boolean> {
    const key = keyOf(workOf(name));
    const token = newToken();
    const begun = await this.#context.connection.update('records', key, {
      update: 'SET #work_owner = :owner, #work_until = :until, #last_write = :token',
      condition:
        '(attribute_not_exists(#ended_at) OR #ended_at <= :endedBefore) AND ' +
        '(attribute_not_exists(#work_owner) OR #work_until <= :now)',
      values: { owner: turn.owner, until: turn.until, now: turn.now, endedBefore: turn.now - turn.everyMs, token },
    });
    if (begun.kind === 'done' || !begun.wasSentAgain) return begun.kind === 'done';
    return (await this.#context.connection.get('records', key))?.['last_write'] === token;
  }

  async endWork(name: string, owner: string, now: number): Promise<void> {
    await this.#context.connection.update('records', keyOf(workOf(name)), {
      update: 'SET #ended_at = :now REMOVE #work_owner, #work_until',
      condition: '#work_owner = :owner',
      values: { owner, now },
    });
  }
}

const headProjection = '#conversation_id, #deleted_at, #last_activity_at, #work, #last_seq, #open_commands';

function headOf(item: Item): Head {
  const commands = Object.values((item['open_commands'] ?? {}) as Record<string, { state: string }>);
  return { lastSeq: Number(item['last_seq']), hasNewCommands: commands.some(({ state }) => state === 'new') };
}

function workOf(name: string): string {
  return `#work-${name}`;
}
