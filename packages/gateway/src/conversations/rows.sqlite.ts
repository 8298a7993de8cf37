import { HoldfastError, type ClientMessage } from '@holdfast/protocol';
import { newSessionState, type Command, type Conversation, type SessionState } from './conversation.ts';

/** A row of the view `records`. */
export type ConversationRow = {
  readonly id: string;
  readonly user_id: string;
  readonly project_id: string;
  readonly agent: string;
  readonly title: string;
  readonly status: string;
  readonly created_at: number;
  readonly last_activity_at: number;
  readonly version: number;
  readonly epoch: string;
  readonly last_seq: number;
  readonly runner_offset: number;
  readonly session: string | null;
  readonly lease_owner: string | null;
  readonly lease_until: number;
  readonly lease_generation: number;
};
export type BatchRow = { readonly first_seq: number; readonly last_seq: number; readonly bytes: Uint8Array };
export type CommandRow = {
  readonly conversation_id: string;
  readonly id: string;
  readonly user_id: string;
  readonly message: string;
  readonly state: string;
};

/** The row as a record. A row that cannot be read is `internal` and names the conversation: corrupt is not "not found". */
export function readConversation(row: ConversationRow): Conversation {
  return {
    conversationId: row.id as Conversation['conversationId'],
    userId: row.user_id as Conversation['userId'],
    projectId: row.project_id as Conversation['projectId'],
    agent: row.agent,
    title: row.title,
    status: row.status as Conversation['status'],
    createdAt: row.created_at,
    lastActivityAt: row.last_activity_at,
    version: row.version,
    epoch: row.epoch,
    lastSeq: row.last_seq,
    runnerOffset: row.runner_offset,
    session: row.session === null ? newSessionState : parseColumn<SessionState>(row.session, `conversation ${row.id}`),
  };
}

export function readCommand(row: CommandRow): Command {
  return {
    id: row.id as Command['id'],
    userId: row.user_id as Command['userId'],
    message: parseColumn<ClientMessage>(row.message, `command ${row.id} of conversation ${row.conversation_id}`),
    state: row.state as Command['state'],
  };
}

function parseColumn<Value>(text: string, name: string): Value {
  try {
    return JSON.parse(text) as Value;
  } catch (cause) {
    throw new HoldfastError('internal', `The stored ${name} is corrupt; restore it from a backup.`, { cause });
  }
}
