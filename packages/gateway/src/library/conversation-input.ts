import {
  conversationStatuses,
  HoldfastError,
  newId,
  parseAgentName,
  parseConversationId,
  parseProjectId,
  type ConversationId,
  type ConversationStatus,
  type Json,
  type UserId,
} from '@holdfast/protocol';
import type { TaskDocument } from '../conversations/record.ts';
import type { NewConversation } from '../conversations/store.ts';
import { recordFieldNames } from './conversation-record.ts';
import { copyJson } from './copy-json.ts';
import { parseTime } from './time.ts';

/** A conversation to be saved, checked: what a new one is made of, and the version that an old one must have. */
export type ParsedInput = {
  readonly conversation: Required<NewConversation>;
  /** 0: it must be new. */
  readonly version: number;
  /** Which of the fields that cannot be changed were named, so that a save can hold them against the stored ones. */
  readonly named: readonly ('userId' | 'projectId' | 'agent')[];
};

const defaults = { projectId: 'default', agent: 'claude' };
const maxNameLength = 256;
/** More of them tell nobody anything. */
const maxFaults = 20;

/** Rejects what cannot be saved with one `bad_message` that names every fault. */
export function parseConversationInput(input: unknown, now: number): ParsedInput {
  const faults: string[] = [];
  if (typeof input !== 'object' || input === null || Array.isArray(input)) {
    throw new HoldfastError('bad_message', 'A conversation is an object with conversationId, userId and status.');
  }
  const fields = input as Readonly<Record<string, unknown>>;
  const { projectId = defaults.projectId, agent = defaults.agent, version = 0 } = fields;
  const at = readTime(fields, 'lastActivityAt', now, faults);
  const conversation: ParsedInput['conversation'] = {
    conversationId: readId(fields['conversationId'], faults),
    userId: readName(fields, 'userId', faults) as UserId,
    projectId: known(parseProjectId(projectId), 'projectId must be 1 to 64 of a-z, 0-9 and "-"', projectId, faults),
    agent: known(parseAgentName(agent), 'agent must be an agent’s name', agent, faults),
    epoch: newId(),
    at,
    createdAt: readTime(fields, 'createdAt', Math.min(now, at), faults),
    fields: {
      taskId: readTaskId(fields, faults),
      title: readTitle(fields['title'], faults),
      status: readStatus(fields['status'], faults),
      task: readTask(fields, faults),
    },
  };
  if (!Number.isSafeInteger(version) || Number(version) < 0) {
    faults.push(`version must be the number that was read, or 0 for a new conversation, and is ${show(version)}`);
  }
  refuse('The conversation cannot be saved', faults);
  const named = (['userId', 'projectId', 'agent'] as const).filter((name) => fields[name] !== undefined);
  return { conversation, version: Number(version), named };
}

/** Throws one `bad_message` with all faults; nothing when there are none. */
export function refuse(what: string, faults: readonly string[]): void {
  if (faults.length === 0) return;
  const more = faults.length > maxFaults ? [`and ${faults.length - maxFaults} more`] : [];
  const lines = [...faults.slice(0, maxFaults), ...more].map((fault) => `\n  ${fault}`);
  throw new HoldfastError('bad_message', `${what}:${lines.join('')}`);
}

/** The id; a fault when it has not the form of one. */
export function readId(value: unknown, faults: string[]): ConversationId {
  return known(
    parseConversationId(value),
    'conversationId must be 1 to 64 letters, digits, "_" and "-"',
    value,
    faults,
  );
}

export function readStatus(value: unknown, faults: string[]): ConversationStatus {
  const status = conversationStatuses.find((word) => word === value);
  return known(status, `status must be one of ${conversationStatuses.join(', ')}`, value, faults);
}

/** A person's or a task's id: text without control characters, at most 256 characters. */
export function readName(fields: Readonly<Record<string, unknown>>, name: string, faults: string[]): string {
  const value = fields[name];
  const isName =
    typeof value === 'string' &&
    value !== '' &&
    value.length <= maxNameLength &&
    value.isWellFormed() &&
    !/[\u0000-\u001f\u007f]/.test(value);
  const rule = `${name} must be text of 1 to ${maxNameLength} characters, none of them a control character`;
  return known(isName ? value : undefined, rule, value, faults);
}

function readTaskId(fields: Readonly<Record<string, unknown>>, faults: string[]): string | null {
  const { taskId } = fields;
  return taskId === undefined || taskId === null ? null : readName(fields, 'taskId', faults);
}

function readTitle(value: unknown, faults: string[]): string {
  if (value === undefined) return '';
  const isTitle = typeof value === 'string' && value.isWellFormed() && !value.includes('\0');
  return known(isTitle ? value : undefined, 'title must be text', value, faults);
}

function readTime(fields: Readonly<Record<string, unknown>>, name: string, fallback: number, faults: string[]): number {
  const value = fields[name];
  if (value === undefined) return fallback;
  const rule = `${name} must be a Date, ISO 8601 or epoch milliseconds, between 1970 and 9999`;
  return known(parseTime(value), rule, value, faults);
}

function readTask(fields: Readonly<Record<string, unknown>>, faults: string[]): TaskDocument {
  const task: [string, Json][] = [];
  for (const [name, value] of Object.entries(fields)) {
    if ((recordFieldNames as readonly string[]).includes(name) || value === undefined) continue;
    task.push([name, copyJson(value, name, faults)]);
  }
  return Object.fromEntries(task);
}

/** The parsed value; a fault when there is none. What is returned then is never used, as faults are thrown. */
function known<Value>(parsed: Value | undefined, rule: string, value: unknown, faults: string[]): Value {
  if (parsed === undefined) faults.push(`${rule}${value === undefined ? '' : `, and is ${show(value)}`}`);
  return parsed as Value;
}

/** A value as a message may show it: short, and safe to print. */
export function show(value: unknown): string {
  switch (typeof value) {
    case 'string':
      return JSON.stringify(value.length <= 80 ? value : `${value.slice(0, 79)}…`);
    case 'object':
      if (value instanceof Date) return Number.isNaN(value.getTime()) ? 'an invalid Date' : value.toISOString();
      return value === null ? 'null' : Array.isArray(value) ? 'a list' : 'an object';
    case 'symbol':
    case 'function':
      return `a ${typeof value}`;
    case 'number':
    case 'bigint':
    case 'boolean':
    case 'undefined':
      return String(value);
  }
}
