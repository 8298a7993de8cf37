import { randomBytes } from 'node:crypto';
import { HoldfastError, type ConversationId, type ConversationStatus, type MessageId } from '@holdfast/protocol';
import type { BlobRef } from './blobs.dynamodb.ts';
import type { Item, Key } from './connection.dynamodb.ts';
import type { CommandState, Conversation } from '../conversation.ts';
import { rememberDeletedMs } from '../record.ts';

/** A text that is kept inline, deflated, or elsewhere. */
export type Packed = string | Uint8Array | BlobRef;

/** The newest batch of a log, which lies in the record until the next one comes. */
export type Tail = {
  readonly firstSeq: number;
  readonly lastSeq: number;
  readonly runnerOffset: number;
  readonly bytes: Uint8Array | BlobRef;
};

/** A command that is not done, or whose end is not yet written beside its body. `position` orders them. */
export type OpenCommand = { readonly state: CommandState; readonly position: number };

/** What of a record decides about writes to it. */
export type RecordState = {
  readonly conversationId: ConversationId;
  /** Names this log: that of the next conversation with the same id has another one. */
  readonly logId: string;
  readonly generation: number;
  readonly version: number;
  readonly lastSeq: number;
  readonly lastActivityAt: number;
  readonly hasTurn: boolean;
  /** Rises with every change of what is open and of the activity, but not with messages alone. */
  readonly openVersion: number;
  readonly commands: ReadonlyMap<MessageId, OpenCommand>;
  readonly tail: Tail | undefined;
  readonly sessionBlob: BlobRef | undefined;
  readonly taskBlob: BlobRef | undefined;
  /** Names the change that was written last, so that who made it knows it again when the answer was lost. */
  readonly lastWrite: string;
};

export function keyOf(id: string): Key {
  return { conversation_id: id };
}

/** 12 characters that nobody else makes. */
export function newToken(): string {
  return randomBytes(9).toString('base64url');
}

export function timeOf(ms: number): string {
  return new Date(Math.max(ms, firstMs)).toISOString();
}

/** ISO times are in order as texts from the year 0 to 9999 only. */
const firstMs = Date.parse('0000-01-01T00:00:00.000Z');

/** Orders conversations as lists do. */
export function activityOf(at: number, id: string): string {
  return `${timeOf(at)}#${id}`;
}

/** Deleted: only the id is left. */
export function isTombstone(item: Item): boolean {
  return item['deleted_at'] !== undefined;
}

/** A deleted one whose 30 days are over counts as not there, whether it was swept or not. */
export function isForgotten(item: Item, now: number): boolean {
  return Date.parse(textIn(item, 'deleted_at')) + rememberDeletedMs <= now;
}

/** True while there is a turn or a command that is not done. */
export function isBusy({ hasTurn, commands }: RecordState): boolean {
  return hasTurn || [...commands.values()].some(isMoving);
}

export function isMoving(command: OpenCommand | undefined): boolean {
  return command !== undefined && command.state !== 'done';
}

/** The same as an item says it. */
export function isOpen(item: Item): boolean {
  return item['work'] !== undefined;
}

/** Epoch seconds for DynamoDB's own sweeper, which only ever comes later than our expiry. */
export function ttlOf(endMs: number | undefined): number | undefined {
  return endMs === undefined ? undefined : Math.ceil(endMs / 1000);
}

export function readState(item: Item): RecordState {
  return {
    conversationId: textIn(item, 'conversation_id') as ConversationId,
    logId: textIn(item, 'log_id'),
    generation: numberIn(item, 'lease_generation'),
    version: numberIn(item, 'version'),
    lastSeq: numberIn(item, 'last_seq'),
    lastActivityAt: timeIn(item, 'last_activity_at'),
    hasTurn: item['has_turn'] === true,
    openVersion: numberIn(item, 'open_version'),
    commands: readCommands(item),
    tail: readTail(item),
    sessionBlob: blobIn(item['session']),
    taskBlob: blobIn(item['task_blob']),
    lastWrite: textIn(item, 'last_write'),
  };
}

/** The record without its session, which may lie elsewhere. */
export function readConversation(item: Item): Omit<Conversation, 'session'> {
  return {
    conversationId: textIn(item, 'conversation_id') as Conversation['conversationId'],
    userId: textIn(item, 'user_id') as Conversation['userId'],
    projectId: textIn(item, 'project_id') as Conversation['projectId'],
    agent: readText(item['agent']),
    taskId: item['task_id'] === undefined ? null : readText(item['task_id']),
    title: readText(item['title'] ?? ''),
    status: textIn(item, 'status') as ConversationStatus,
    createdAt: timeIn(item, 'created_at'),
    lastActivityAt: timeIn(item, 'last_activity_at'),
    version: numberIn(item, 'version'),
    epoch: readText(item['epoch']),
    lastSeq: numberIn(item, 'last_seq'),
    runnerOffset: numberIn(item, 'runner_offset'),
  };
}

/** DynamoDB's texts are UTF-8; one with half a surrogate pair is kept as UTF-16 in bytes. */
export function writeText(text: string): string | Uint8Array {
  return text.isWellFormed() ? text : Buffer.from(text, 'utf16le');
}

export function readText(value: unknown): string {
  if (typeof value === 'string') return value;
  if (value instanceof Uint8Array) return bufferOf(value).toString('utf16le');
  throw new TypeError('a text is missing');
}

/** What a command is called in `open_commands`: an id may be `__proto__`, which is no name for a part of an object. */
export function writeCommandName(id: MessageId): string {
  return `${commandNamePrefix}${id}`;
}

const commandNamePrefix = 'id:';

export function writeTail({ firstSeq, lastSeq, runnerOffset, bytes }: Tail): Item {
  return { first_seq: firstSeq, last_seq: lastSeq, runner_offset: runnerOffset, bytes };
}

export function readBatch(item: Item): Tail {
  const bytes = item['bytes'];
  const place = bytes instanceof Uint8Array ? bytes : blobIn(bytes);
  if (place === undefined) throw new TypeError('the bytes are missing');
  return {
    firstSeq: numberIn(item, 'first_seq'),
    lastSeq: item['last_seq'] === undefined ? numberIn(item, 'seq') : numberIn(item, 'last_seq'),
    runnerOffset: numberIn(item, 'runner_offset'),
    bytes: place,
  };
}

export function bufferOf(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

export function isBlob(value: unknown): value is BlobRef {
  return blobIn(value) !== undefined;
}

/** Runs a reader; what it cannot read is named as corrupt, which is not "not found". */
export function reading<Value>(id: string, what: string, read: () => Value): Value {
  try {
    return read();
  } catch (cause) {
    throw corrupt(id, what, cause);
  }
}

export function corrupt(id: string, what: string, cause?: unknown): HoldfastError {
  if (cause instanceof HoldfastError) return cause;
  const sentence = `The stored ${what} of conversation ${id} is corrupt; restore it from a backup.`;
  return new HoldfastError('internal', sentence, { cause });
}

export function textIn(item: Item, name: string): string {
  const value = item[name];
  if (typeof value !== 'string') throw new TypeError(`${name} is no text`);
  return value;
}

export function numberIn(item: Item, name: string): number {
  const value = item[name];
  if (typeof value !== 'number') throw new TypeError(`${name} is no number`);
  return value;
}

export function timeIn(item: Item, name: string): number {
  const time = Date.parse(textIn(item, name));
  if (Number.isNaN(time)) throw new TypeError(`${name} is no time`);
  return time;
}

function readTail(item: Item): Tail | undefined {
  const tail = item['tail'];
  return tail === undefined ? undefined : readBatch(tail as Item);
}

function readCommands(item: Item): ReadonlyMap<MessageId, OpenCommand> {
  const commands = new Map<MessageId, OpenCommand>();
  for (const [name, value] of Object.entries((item['open_commands'] ?? {}) as Record<string, Item>)) {
    const command = { state: textIn(value, 'state') as CommandState, position: numberIn(value, 'position') };
    commands.set(name.slice(commandNamePrefix.length) as MessageId, command);
  }
  return commands;
}

function blobIn(value: unknown): BlobRef | undefined {
  const { base, pieces, length } = (value ?? {}) as { base?: unknown; pieces?: unknown; length?: unknown };
  const isRef = typeof base === 'bigint' && typeof pieces === 'number' && typeof length === 'number';
  return isRef ? { base, pieces, length } : undefined;
}
