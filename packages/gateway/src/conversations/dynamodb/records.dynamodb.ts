import type { ConversationId } from '@holdfast/protocol';
import type { Item } from './connection.dynamodb.ts';
import type { Context } from './context.dynamodb.ts';
import type { Conversation } from '../conversation.ts';
import { updateOf } from './expression.dynamodb.ts';
import {
  activityOf,
  isForgotten,
  isOpen,
  isTombstone,
  keyOf,
  newToken,
  reading,
  readState,
  timeOf,
  ttlOf,
  writeText,
  type RecordState,
} from './items.dynamodb.ts';
import { digestOf, newRecord, rememberDeletedMs, type ConversationRecord, type RecordFields } from '../record.ts';
import type { CreateResult, NewConversation, SaveResult } from '../store.ts';
import type { Sweep } from './sweep.dynamodb.ts';

/** Records: one item each, changed by one conditional request each. */
export class Records {
  readonly #context: Context;
  readonly #sweep: Sweep;

  constructor(context: Context, sweep: Sweep) {
    this.#context = context;
    this.#sweep = sweep;
  }

  create(fresh: NewConversation): Promise<CreateResult> {
    const context = this.#context;
    const id = fresh.conversationId;
    const token = newToken();
    return context.untilDone(id, async (): Promise<CreateResult | undefined> => {
      const there = await context.connection.get('records', keyOf(id));
      if (there !== undefined && isTombstone(there)) {
        if (!reading(id, 'record', () => isForgotten(there, this.#context.now()))) return { kind: 'deleted' };
      } else if (there !== undefined && !this.#context.isExpired(there)) {
        const conversation = await this.#context.read(there);
        if (conversation === undefined) return undefined;
        return { kind: there['last_write'] === token ? 'created' : 'known', conversation };
      }
      await this.#sweep.makeRoom(id, there);
      context.forget(id);
      const { item, conversation } = await this.#newItem(fresh, there, token);
      const condition = there === undefined ? 'attribute_not_exists(#conversation_id)' : unchanged(there);
      const made = await context.connection.put('records', item, { condition, values: valuesOf(there) });
      if (made.kind === 'done') return { kind: 'created', conversation };
      this.#dropBlob(id, item['task_blob']);
      return undefined;
    });
  }

  async get(id: ConversationId): Promise<Conversation | undefined> {
    const item = await this.#context.find(id);
    return item && this.#context.read(item);
  }

  async read(id: ConversationId): Promise<ConversationRecord | undefined> {
    const item = await this.#context.find(id);
    const whole = item && (await this.#context.readWhole(item, (of) => this.#context.documents.readTask(id, of)));
    return whole && { ...whole.conversation, task: whole.rest };
  }

  save(id: ConversationId, version: number, fields: RecordFields, at: number): Promise<SaveResult> {
    const context = this.#context;
    const token = newToken();
    let attributes: Item | undefined;
    return context.untilDone(id, async (): Promise<SaveResult | undefined> => {
      const item = await context.connection.get('records', keyOf(id));
      const found = item && this.#stand(item);
      if (found === undefined) return { kind: 'missing' };
      if (found === 'deleted') return { kind: 'deleted' };
      if (found.lastWrite === token) return this.#saved(item as Item);
      if (found.version !== version) {
        if (attributes !== undefined) this.#dropBlob(id, attributes['task_blob']);
        return { kind: 'conflict', version: found.version };
      }
      attributes ??= await this.#context.documents.taskAttributes(id, fields.task);
      const changed = await context.connection.update('records', keyOf(id), {
        ...withValues(
          updateOf({
            ...attributes,
            ...fieldAttributes(fields),
            ...this.#activityAttributes(id, at, isOpen(item as Item)),
            last_write: token,
            version: version + 1,
            open_version: found.openVersion + 1,
          }),
          { version, openVersion: found.openVersion, logId: found.logId },
        ),
        condition: '#log_id = :logId AND #version = :version AND #open_version = :openVersion',
      });
      if (changed.kind === 'refused') return undefined;
      this.#dropBlob(id, found.taskBlob);
      return this.#saved(changed.item);
    });
  }

  delete(id: ConversationId, force: boolean): Promise<'deleted' | 'missing' | 'open'> {
    const context = this.#context;
    const token = newToken();
    return context.untilDone(id, async () => {
      const item = await context.connection.get('records', keyOf(id));
      if (item === undefined) return 'missing';
      if (isTombstone(item)) return item['last_write'] === token ? 'deleted' : 'missing';
      if (this.#context.isExpired(item)) return 'missing';
      if (isOpen(item) && !force) return 'open';
      const now = this.#context.now();
      const tombstone = {
        conversation_id: id,
        deleted_at: timeOf(now),
        ttl: ttlOf(now + rememberDeletedMs),
        last_write: token,
      };
      const condition = force
        ? 'attribute_exists(#log_id) AND #log_id = :logId'
        : '#log_id = :logId AND #open_version = :openVersion AND attribute_not_exists(#work)';
      const values = { logId: item['log_id'], openVersion: item['open_version'] };
      const deleted = await context.connection.put('records', tombstone, { condition, values });
      if (deleted.kind === 'refused') return undefined;
      context.forget(id);
      // It is deleted; what of its log stays when this fails the cleanup finds.
      await this.#sweep.afterDelete(id).catch(() => {});
      return 'deleted' as const;
    });
  }

  #stand(item: Item): RecordState | 'deleted' | undefined {
    const id = String(item['conversation_id']);
    return reading(id, 'record', () => {
      if (isTombstone(item)) return isForgotten(item, this.#context.now()) ? undefined : 'deleted';
      return this.#context.isExpired(item) ? undefined : readState(item);
    });
  }

  async #saved(item: Item): Promise<SaveResult | undefined> {
    const conversation = await this.#context.read(item);
    return conversation === undefined ? { kind: 'missing' } : { kind: 'saved', conversation };
  }

  #dropBlob(id: ConversationId, blob: unknown): void {
    if (blob !== undefined) this.#context.inBackground(this.#context.blobs.delete(id, blob as never));
  }

  #activityAttributes(id: string, at: number, isBusy: boolean): Item {
    return {
      last_activity_at: timeOf(at),
      activity: activityOf(at, id),
      ttl: isBusy ? undefined : ttlOf(this.#context.lifetime.endOf(at)),
    };
  }

  async #newItem(
    fresh: NewConversation,
    there: Item | undefined,
    token: string,
  ): Promise<{ item: Item; conversation: Conversation }> {
    const id = fresh.conversationId;
    const { conversation, task } = newRecord(fresh);
    // An expired one was driven by somebody perhaps; the next number fences them.
    const generation = Number(there?.['lease_generation'] ?? -1) + 1;
    const item = {
      conversation_id: id,
      user_id: fresh.userId,
      project_id: fresh.projectId,
      agent: writeText(fresh.agent),
      epoch: writeText(fresh.epoch),
      ...fieldAttributes({ ...conversation, task }),
      ...(await this.#context.documents.taskAttributes(id, task)),
      created_at: timeOf(conversation.createdAt),
      ...this.#activityAttributes(id, fresh.at, false),
      version: 1,
      last_seq: 0,
      runner_offset: 0,
      lease_generation: generation,
      open_commands: {},
      open_version: 1,
      log_id: newToken(),
      last_write: token,
    };
    return { item, conversation };
  }
}

/** The record is still the one that was read, or its tombstone. */
function unchanged(there: Item): string {
  return isTombstone(there)
    ? '#deleted_at = :deletedAt'
    : '#log_id = :logId AND #lease_generation = :generation AND #last_activity_at = :lastActivityAt AND attribute_not_exists(#work)';
}

function valuesOf(there: Item | undefined): Item {
  return {
    deletedAt: there?.['deleted_at'],
    logId: there?.['log_id'],
    generation: there?.['lease_generation'],
    lastActivityAt: there?.['last_activity_at'],
  };
}

function fieldAttributes({ taskId, title, status, task }: RecordFields): Item {
  return {
    task_id: taskId === null ? undefined : writeText(taskId),
    title: title === '' ? undefined : writeText(title),
    status,
    summary: JSON.stringify(digestOf(task)),
  };
}

function withValues<Update extends { readonly values: Item }>(update: Update, values: Item): Update {
  return { ...update, values: { ...update.values, ...values } };
}
