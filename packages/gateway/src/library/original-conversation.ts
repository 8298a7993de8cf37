import { createHash } from 'node:crypto';
import {
  conversationStatuses,
  HoldfastError,
  isRecord,
  parseConversationId,
  type ConversationId,
  type ConversationStatus,
  type Json,
} from '@holdfast/protocol';
import { taskFieldNames } from '../conversations/record.ts';
import type { NewConversation } from '../conversations/store.ts';
import { parseConversationInput } from './conversation-input.ts';
import { recordFieldNames } from './conversation-record.ts';
import { parseTime } from './time.ts';

export type OriginalConversation =
  | {
      readonly kind: 'read';
      readonly conversation: Required<NewConversation>;
      /** The status as it was, when it is none of ours. */
      readonly foreignStatus?: string;
      /** The id as it was, when it has not the form of ours. */
      readonly foreignId?: string;
    }
  | { readonly kind: 'corrupt'; readonly why: string };

type Fields = { readonly [name: string]: Json };

/** Names of the original → ours, for the task flow: `task_details` → `taskDetails`. */
const taskNames: ReadonlyMap<string, string> = new Map(taskFieldNames.map((name) => [toSnakeCase(name), name]));
const checkNames: ReadonlyMap<string, string> = new Map(
  ['allPassed', 'returnCode', 'passedCount'].map((name) => [toSnakeCase(name), name]),
);
const ownNames: ReadonlySet<string> = new Set(recordFieldNames);

/** What statuses we do not know mean here; first match. Whatever is none of them is `interrupted`: somebody has to look at it. */
const statusWords: readonly (readonly [RegExp, ConversationStatus])[] = [
  [/fail|error|cancel|abort|stop|expire|reject/, 'interrupted'],
  [/complet|done|finish|success|succeed|merged|closed/, 'completed'],
  [/preview|draft/, 'draft-preview'],
  [/clarif|wait|pending|question|confirm|approv|paused/, 'waiting'],
  [/progress|start|plan|run|work|active|check|new|created|init/, 'in-progress'],
];

/**
 * A conversation of the original as one of ours (docs/library.md has the table). Names of the task flow become ours; every other
 * field is kept under its own name, or as `original…` where that name is taken.
 */
export function readOriginal(
  fields: Fields,
  { projectId, agent }: { readonly projectId: string; readonly agent: string },
): OriginalConversation {
  const {
    conversation_id: id,
    user_id: userId,
    task_id: taskId,
    status,
    created_at,
    last_activity_at,
    ...rest
  } = fields;
  const originalId = typeof id === 'number' ? String(id) : id;
  if (typeof originalId !== 'string' || originalId === '') return corrupt('it has no conversation_id');
  const ourId = parseConversationId(originalId) ?? derivedId(originalId);
  const ourStatus = statusOf(status);
  const times = timesOf(created_at, last_activity_at);
  if (typeof times === 'string') return corrupt(times);

  const { title, ...others } = rest;
  const task = taskOf(typeof title === 'string' ? others : rest);
  if (ourId !== originalId) put(task, 'originalConversationId', originalId);
  if (ourStatus !== status && status !== undefined) put(task, 'originalStatus', status);
  const input = {
    ...Object.fromEntries(task),
    projectId,
    agent,
    ...times,
    conversationId: ourId,
    userId: typeof userId === 'number' ? String(userId) : userId,
    taskId: typeof taskId === 'number' ? String(taskId) : taskId === '' ? null : taskId,
    status: ourStatus,
    ...(typeof title === 'string' && { title }),
  };
  try {
    return {
      kind: 'read',
      conversation: parseConversationInput(input, times.lastActivityAt).conversation,
      ...(ourStatus !== status && {
        foreignStatus: typeof status === 'string' ? status : JSON.stringify(status ?? null),
      }),
      ...(ourId !== originalId && { foreignId: originalId }),
    };
  } catch (error) {
    if (!(error instanceof HoldfastError)) throw error;
    const [, ...faults] = error.message.split('\n');
    return corrupt(faults.map((fault) => fault.trim()).join('; '));
  }
}

/** The same for the same id, always; 128 bits of its hash, so that no two meet. */
function derivedId(id: string): ConversationId {
  return `imported-${createHash('sha256').update(id).digest('hex').slice(0, 32)}` as ConversationId;
}

function statusOf(status: Json | undefined): ConversationStatus {
  if (typeof status !== 'string') return 'interrupted';
  const word = status
    .trim()
    .toLowerCase()
    .replaceAll(/[\s_]+/g, '-');
  const same = conversationStatuses.find((known) => known === word);
  return same ?? statusWords.find(([pattern]) => pattern.test(word))?.[1] ?? 'interrupted';
}

type Times = { readonly createdAt: number; readonly lastActivityAt: number };

/** Where one is missing, the other stands for it. */
function timesOf(created: Json | undefined, lastActivity: Json | undefined): Times | string {
  const createdAt = timeOf(created ?? lastActivity ?? null);
  const lastActivityAt = timeOf(lastActivity ?? created ?? null);
  if (createdAt === undefined) return `created_at is no time: ${JSON.stringify(created ?? null).slice(0, 80)}`;
  if (lastActivityAt === undefined) return `last_activity_at is no time: ${JSON.stringify(lastActivity).slice(0, 80)}`;
  return { createdAt, lastActivityAt };
}

/** Python's isoformat, with or without a zone (then UTC), or seconds since 1970, as `time.time()` has them. */
function timeOf(value: Json): number | undefined {
  const isSeconds = typeof value === 'number' || (typeof value === 'string' && /^\d{9,10}(\.\d*)?$/.test(value));
  return parseTime(isSeconds ? Number(value) * 1_000 : value);
}

function taskOf(fields: Fields): Map<string, Json> {
  const task = new Map<string, Json>();
  for (const [name, value] of Object.entries(fields)) {
    const ours = taskNames.get(name);
    if (ours !== undefined) task.set(ours, ours === 'checkResults' ? renamed(value, 2) : value);
  }
  for (const [name, value] of Object.entries(fields)) {
    if (!taskNames.has(name)) put(task, name, value);
  }
  return task;
}

/** Sets a field under its name, or, if that is taken, under the first that is free: `originalVersion`, `originalVersion_`, … */
function put(task: Map<string, Json>, name: string, value: Json): void {
  const isTaken = (candidate: string): boolean => ownNames.has(candidate) || task.has(candidate);
  let free = name;
  if (isTaken(free) && !free.startsWith('original')) free = `original${free.charAt(0).toUpperCase()}${free.slice(1)}`;
  while (isTaken(free)) free += '_';
  task.set(free, value);
}

/** The names in a check's result, as deep as they are known (the guide, “Check Output Format”). */
function renamed(value: Json, depth: number): Json {
  if (depth === 0 || !isRecord(value)) return value;
  return Object.fromEntries(
    Object.entries(value).map(([name, item]) => [checkNames.get(name) ?? name, renamed(item, depth - 1)]),
  );
}

function toSnakeCase(name: string): string {
  return name.replaceAll(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}

function corrupt(why: string): OriginalConversation {
  return { kind: 'corrupt', why };
}
