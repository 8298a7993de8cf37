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
  // `{"type":"t`, the tenth byte first: it tells most other lines apart. Written out, because a loop costs four times as much.
  if (bytes[at + 9] !== 0x74 || bytes[at] !== 0x7b || bytes[at + 1] !== 0x22 || bytes[at + 2] !== 0x74) return false;
  if (bytes[at + 3] !== 0x79 || bytes[at + 4] !== 0x70 || bytes[at + 5] !== 0x65 || bytes[at + 6] !== 0x22)
    return false;
  if (bytes[at + 7] !== 0x3a || bytes[at + 8] !== 0x22) return false;
  return bytes[at + 10] === 0x65 ? isText(bytes, at) : isThinking(bytes, at);
}

/** `xt",` */
function isText(bytes: Uint8Array, at: number): boolean {
  return bytes[at + 11] === 0x78 && bytes[at + 12] === 0x74 && bytes[at + 13] === 0x22 && bytes[at + 14] === 0x2c;
}

/** `hinking",` */
function isThinking(bytes: Uint8Array, at: number): boolean {
  if (bytes[at + 10] !== 0x68 || bytes[at + 11] !== 0x69 || bytes[at + 12] !== 0x6e || bytes[at + 13] !== 0x6b)
    return false;
  if (bytes[at + 14] !== 0x69 || bytes[at + 15] !== 0x6e || bytes[at + 16] !== 0x67) return false;
  return bytes[at + 17] === 0x22 && bytes[at + 18] === 0x2c;
}
