import { HoldfastError } from '@holdfast/protocol';
import {
  newSessionState,
  type Command,
  type CommandMessage,
  type Conversation,
  type SessionState,
} from '../conversation.ts';
import {
  digestOf,
  emptyDigest,
  summaryOf,
  type ConversationSummary,
  type TaskDigest,
  type TaskDocument,
} from '../record.ts';

/** A row of the view `records` with the session state. */
export type ConversationRow = {
  readonly number: number;
  readonly id: string;
  readonly user_id: string;
  readonly project_id: string;
  readonly agent: string;
  readonly task_id: string | null;
  readonly title: string;
  readonly status: string;
  readonly created_at: number;
  readonly last_activity_at: number;
  readonly version: number;
  readonly open: number;
  readonly epoch: string;
  readonly last_seq: number;
  readonly runner_offset: number;
  readonly session: string | null;
  readonly lease_owner: string | null;
  readonly lease_until: number;
  readonly lease_generation: number;
};

export type CommandRow = {
  readonly id: string;
  readonly user_id: string;
  readonly message: string;
  readonly state: string;
};

/** What a list reads, in the order of `SummaryRow`. */
export const summaryColumns =
  'id, user_id, project_id, agent, task_id, title, status, created_at, last_activity_at, version, digest';

export type SummaryRow = readonly [
  id: string,
  userId: string,
  projectId: string,
  agent: string,
  taskId: string | null,
  title: string,
  status: string,
  createdAt: number,
  lastActivityAt: number,
  version: number,
  digest: string | null,
];

/** The row as a record. A row that cannot be read is `internal` and names the conversation: corrupt is not "not found". */
export function readConversation(row: ConversationRow): Conversation {
  return {
    conversationId: row.id as Conversation['conversationId'],
    userId: row.user_id as Conversation['userId'],
    projectId: row.project_id as Conversation['projectId'],
    agent: row.agent,
    taskId: row.task_id,
    title: row.title,
    status: row.status as Conversation['status'],
    createdAt: row.created_at,
    lastActivityAt: row.last_activity_at,
    version: row.version,
    epoch: row.epoch,
    lastSeq: row.last_seq,
    runnerOffset: row.runner_offset,
    session:
      row.session === null
        ? newSessionState
        : parseColumn<SessionState>(row.session, `session of conversation ${row.id}`),
  };
}

export function readTask(id: string, document: string | undefined): TaskDocument {
  return document === undefined ? {} : parseColumn<TaskDocument>(document, `task document of conversation ${id}`);
}

export function readCommand(conversationId: string, row: CommandRow): Command {
  return {
    id: row.id as Command['id'],
    userId: row.user_id as Command['userId'],
    message: parseColumn<CommandMessage>(row.message, `command ${row.id} of conversation ${conversationId}`),
    state: row.state as Command['state'],
  };
}

export function readSummary(row: SummaryRow): ConversationSummary {
  const [id, userId, projectId, agent, taskId, title, status, createdAt, lastActivityAt, version, digest] = row;
  const record = { taskId, agent, title, createdAt, lastActivityAt, version };
  const names = { conversationId: id, userId, projectId, status } as Pick<
    Conversation,
    'conversationId' | 'userId' | 'projectId' | 'status'
  >;
  return summaryOf({ ...names, ...record }, parseDigest(digest));
}

const emptyDigestText = JSON.stringify(emptyDigest);

/** The digest of a task document as it is stored: null when it says nothing. */
export function digestColumn(task: TaskDocument): string | null {
  const text = JSON.stringify(digestOf(task));
  return text === emptyDigestText ? null : text;
}

/** A damaged digest says nothing: it must not take a whole list away. */
function parseDigest(text: string | null): TaskDigest {
  if (text === null) return emptyDigest;
  try {
    return JSON.parse(text) as TaskDigest;
  } catch {
    return emptyDigest;
  }
}

/** Objects only: every document that is stored is one. */
function parseColumn<Value extends object>(text: string, name: string): Value {
  let cause: unknown;
  try {
    const value = JSON.parse(text) as unknown;
    if (typeof value === 'object' && value !== null) return value as Value;
  } catch (error) {
    cause = error;
  }
  throw new HoldfastError('internal', `The stored ${name} is corrupt; restore it from a backup.`, { cause });
}
