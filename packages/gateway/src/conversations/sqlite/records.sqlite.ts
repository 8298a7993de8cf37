import type { ConversationId, ProjectId, UserId } from '@holdfast/protocol';
import type { Conversation } from '../conversation.ts';
import type { SQLiteEngine } from './engine.sqlite.ts';
import type { Lifetime } from '../lifetime.ts';
import { compareInList, pageOf, type ListPage, type ListQuery } from '../list.ts';
import { freshRows, oldOpenRows, type RowQuery, type Statement } from './lists.sqlite.ts';
import { newRecord, rememberDeletedMs, type ConversationRecord, type RecordFields } from '../record.ts';
import {
  digestColumn,
  readConversation,
  readSummary,
  readTask,
  summaryColumns,
  type ConversationRow,
  type SummaryRow,
} from './rows.sqlite.ts';
import type { CreateResult, NewConversation, RecordStore, SaveResult } from '../store.ts';

const withSession = `records.*, (SELECT state FROM sessions WHERE sessions.number = records.number) AS session`;

/** Records in SQLite. Nothing that a verb changes is changed before everything that it reads was found whole. */
export class SQLiteRecords implements RecordStore {
  readonly #engine: SQLiteEngine;
  readonly #lifetime: Lifetime;
  /** Something was put into the trash. */
  readonly #onTrash: () => void;

  constructor(engine: SQLiteEngine, lifetime: Lifetime, onTrash: () => void) {
    this.#engine = engine;
    this.#lifetime = lifetime;
    this.#onTrash = onTrash;
  }

  async create(fresh: NewConversation): Promise<CreateResult> {
    const { conversation, task } = newRecord(fresh);
    const document = JSON.stringify(task);
    const digest = digestColumn(task);
    let isAnew = false;
    const result = await this.#engine.write<CreateResult>(true, () => {
      const id = fresh.conversationId;
      if (this.#isDeleted(id)) return { kind: 'deleted' };
      const there = this.#row(id);
      if (there !== undefined && !this.#lifetime.hasExpired(there.open !== 0, there.last_activity_at)) {
        return { kind: 'known', conversation: readConversation(there) };
      }
      if (there !== undefined) this.#bury(there.number);
      isAnew = there !== undefined;
      this.#engine.run(`DELETE FROM tombstones WHERE id = ?`, id);
      // Who drove an expired one of this id is fenced by the next generation.
      const generation = there === undefined ? 0 : there.lease_generation + 1;
      this.#insert(conversation, digest, document, generation);
      return { kind: 'created', conversation };
    });
    if (isAnew) this.#onTrash();
    return result;
  }

  async get(id: ConversationId): Promise<Conversation | undefined> {
    return this.#engine.read(() => {
      const row = this.#living(id);
      return row && readConversation(row);
    });
  }

  async read(id: ConversationId): Promise<ConversationRecord | undefined> {
    return this.#engine.read(() => {
      const row = this.#living(id);
      if (row === undefined) return undefined;
      const task = this.#engine.one<{ document: string }>(`SELECT document FROM tasks WHERE number = ?`, row.number);
      return { ...readConversation(row), task: readTask(id, task?.document) };
    });
  }

  async save(id: ConversationId, version: number, fields: RecordFields, at: number): Promise<SaveResult> {
    const { task, ...rest } = fields;
    const document = JSON.stringify(task);
    const digest = digestColumn(task);
    return this.#engine.write<SaveResult>(true, () => {
      const row = this.#living(id);
      if (row === undefined) return { kind: this.#isDeleted(id) ? 'deleted' : 'missing' };
      if (row.version !== version) return { kind: 'conflict', version: row.version };
      const before = readConversation(row);
      this.#engine.run(
        `UPDATE conversations SET task_id = ?, title = ?, status = ?, digest = ?, last_activity_at = ?, version = version + 1
         WHERE number = ?`,
        rest.taskId,
        rest.title,
        rest.status,
        digest,
        at,
        row.number,
      );
      this.#putTask(row.number, document);
      const { taskId, title, status } = rest;
      const conversation = { ...before, taskId, title, status, lastActivityAt: at, version: version + 1 };
      return { kind: 'saved', conversation };
    });
  }

  async list(query: ListQuery): Promise<ListPage> {
    return this.#engine.read(() =>
      pageOf(this.#rows<SummaryRow>(summaryColumns, query).map(readSummary).toSorted(compareInList), query.limit),
    );
  }

  async newest(of: { userId: UserId; projectId: ProjectId; agent: string }): Promise<Conversation | undefined> {
    return this.#engine.read(() => {
      const [found] = this.#rows<[id: ConversationId]>('id, last_activity_at', { ...of, limit: 1 });
      const row = found && this.#living(found[0]);
      return row && readConversation(row);
    });
  }

  async delete(
    id: ConversationId,
    { force = false }: { readonly force?: boolean } = {},
  ): Promise<'deleted' | 'missing' | 'open'> {
    const result = await this.#engine.write(true, () => {
      const row = this.#living(id);
      if (row === undefined) return 'missing';
      if (!force && row.open === 1) return 'open';
      this.#bury(row.number);
      this.#engine.run(`INSERT OR REPLACE INTO tombstones (id, deleted_at) VALUES (?, ?)`, id, this.#lifetime.now());
      return 'deleted';
    });
    if (result === 'deleted') this.#onTrash();
    return result;
  }

  #rows<Row>(columns: string, query: RowQuery): Row[] {
    if (query.statuses?.length === 0) return [];
    const { cutoff } = this.#lifetime;
    const rows = freshRows(columns, query, cutoff).flatMap((fresh) => this.#all<Row>(fresh));
    // The old ones stand after all of the fresh ones.
    if (rows.length <= query.limit && cutoff > Number.NEGATIVE_INFINITY) {
      rows.push(...this.#all<Row>(oldOpenRows(columns, query, cutoff)));
    }
    return rows;
  }

  #all<Row>({ sql, values }: Statement): Row[] {
    return this.#engine.rows<Row>(sql, ...values);
  }

  #row(id: ConversationId): ConversationRow | undefined {
    return this.#engine.one<ConversationRow>(`SELECT ${withSession} FROM records WHERE id = ?`, id);
  }

  #living(id: ConversationId): ConversationRow | undefined {
    const row = this.#row(id);
    return row === undefined || this.#lifetime.hasExpired(row.open !== 0, row.last_activity_at) ? undefined : row;
  }

  #isDeleted(id: ConversationId): boolean {
    const after = this.#lifetime.now() - rememberDeletedMs;
    return this.#engine.one(`SELECT 1 FROM tombstones WHERE id = ? AND deleted_at > ?`, id, after) !== undefined;
  }

  #insert(conversation: Conversation, digest: string | null, document: string, generation: number): void {
    this.#engine.run(
      `INSERT INTO conversations (id, user_id, project_id, agent, task_id, title, status, digest, epoch, created_at,
         last_activity_at, lease_generation) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
      conversation.conversationId,
      conversation.userId,
      conversation.projectId,
      conversation.agent,
      conversation.taskId,
      conversation.title,
      conversation.status,
      digest,
      conversation.epoch,
      conversation.createdAt,
      conversation.lastActivityAt,
      generation,
    );
    if (document === '{}') return;
    const { number } = this.#engine.one<{ number: number }>(`SELECT last_insert_rowid() AS number`) as {
      number: number;
    };
    this.#putTask(number, document);
  }

  #putTask(number: number, document: string): void {
    this.#engine.run(
      `INSERT INTO tasks (number, document) VALUES (?, ?) ON CONFLICT (number) DO UPDATE SET document = excluded.document`,
      number,
      document,
    );
  }

  /** Takes the conversation away from everyone; what hangs on its number is left for the sweeper. */
  #bury(number: number): void {
    this.#engine.run(`DELETE FROM conversations WHERE number = ?`, number);
    this.#engine.run(`INSERT OR IGNORE INTO trash (number) VALUES (?)`, number);
  }
}
