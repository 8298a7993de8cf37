import type { ClientMessageKind } from './client-message.ts';
import type { MessageId } from './ids.ts';
import { isRecord, parseJson } from './json.ts';
import type {
  DoneMessage,
  ErrorMessage,
  NoticeMessage,
  SupersededMessage,
  TextMessage,
  ToolResultMessage,
  ToolUseMessage,
} from './server-message.ts';

/** docs/protocol.md section 6: what `holdfast-agent run` prints. */
export type AgentInit = {
  readonly type: 'init';
  readonly agent: string;
  readonly protocol: 1;
  /** The vendor's own session. */
  readonly sessionId?: string;
};
export type AgentHistory = { readonly type: 'history'; readonly agent: string; readonly history: readonly unknown[] };

export type AgentLine =
  | AgentInit
  | AgentHistory
  | TextMessage
  | SupersededMessage
  | NoticeMessage
  | ToolUseMessage
  | ToolResultMessage
  | DoneMessage
  | ErrorMessage;

/** The runner's own journal line (docs/protocol.md 7.2): the command was taken and will not be taken again. */
export type RunnerAccepted = {
  readonly type: 'runner.accepted';
  readonly id: MessageId;
  readonly kind: ClientMessageKind;
  readonly toolId?: string;
};

export type JournalLine = AgentLine | RunnerAccepted;

/** Longest line of an agent, in bytes (docs/protocol.md 6.1). */
export const maxAgentLineBytes = 1_048_576;

const kinds: ReadonlySet<string> = new Set<JournalLine['type']>([
  'init',
  'history',
  'text',
  'thinking',
  'superseded',
  'notice',
  'tool_use',
  'tool_result',
  'done',
  'error',
  'runner.accepted',
]);

/** Reads one journal line; undefined for what is not one. The writer is our own CLI or runner, so the fields are trusted. */
export function parseJournalLine(text: string): JournalLine | undefined {
  const value = parseJson(text);
  if (!isRecord(value) || typeof value['type'] !== 'string' || !kinds.has(value['type'])) return undefined;
  return value as unknown as JournalLine;
}

/**
 * True when the line that starts at `at` is a `text` or `thinking` line by its first bytes (docs/protocol.md 6.1), so that
 * nobody on the hot path has to parse it.
 */
export function isDelta(bytes: Uint8Array, at: number): boolean {
  // {"type":"text", or {"type":"thinking", : the two differ from every other type at the tenth and eleventh byte
  if (bytes[at + 9] !== 0x74 || bytes[at + 8] !== 0x22) return false;
  const second = bytes[at + 10];
  return second === 0x65 ? bytes[at + 13] === 0x22 : second === 0x68 && bytes[at + 17] === 0x22;
}
