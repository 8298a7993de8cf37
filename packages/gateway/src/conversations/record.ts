import { isRecord, type ConversationStatus, type Json } from '@holdfast/protocol';
import { newSessionState, type Conversation } from './conversation.ts';
import type { LogWrite, NewConversation } from './store.ts';

/** The fields of the task flow that are known by name (contract section 7), as JSON. */
export const taskFieldNames = [
  'taskDetails',
  'proposedChanges',
  'migrationPlan',
  'previewMessage',
  'checkResults',
  'confirmed',
  'needsClarification',
  'clarificationQuestions',
  'contextFiles',
  'draftPrPayload',
  'artifactsUrls',
] as const;

/**
 * What the task flow keeps with a conversation. Any JSON (RFC 8259) comes back exactly, fields of other names too; -0 comes
 * back as 0, as JSON has it.
 */
export type TaskDocument = { readonly [Name in (typeof taskFieldNames)[number]]?: Json } & {
  readonly [name: string]: Json | undefined;
};

/** A conversation together with its task document, which may be megabytes. */
export type ConversationRecord = Conversation & { readonly task: TaskDocument };

/** What a save replaces, as a whole. */
export type RecordFields = {
  /** Not empty. Like the title well-formed text: no half surrogate pairs. */
  readonly taskId: string | null;
  readonly title: string;
  readonly status: ConversationStatus;
  readonly task: TaskDocument;
};

/** How long the id of a deleted conversation is remembered. */
export const rememberDeletedMs: number = 30 * 24 * 3_600_000;

/** The record of a conversation that is made, before anything has happened in it. */
export function newRecord({ at, createdAt = at, fields, ...rest }: NewConversation): {
  readonly conversation: Conversation;
  readonly task: TaskDocument;
} {
  const { task = {}, title = '', status = 'completed', taskId = null } = fields ?? {};
  const conversation: Conversation = {
    ...rest,
    taskId,
    title,
    status,
    createdAt,
    lastActivityAt: at,
    version: 1,
    lastSeq: 0,
    runnerOffset: 0,
    session: newSessionState,
  };
  return { conversation, task };
}

/** Whether a write changes the record: raises its version and counts as activity. More messages alone are progress only. */
export function isRecordChange({ durable, session, status, title }: LogWrite): boolean {
  return durable || session !== undefined || status !== undefined || title !== undefined;
}

/** The short part of a task document, which lists show. Stored beside the record, so that a list reads no documents. */
export type TaskDigest = {
  readonly taskName: string | null;
  readonly taskType: string | null;
  readonly previewReady: boolean;
  readonly checksStatus: 'none' | 'passed' | 'failed';
  readonly draftPrPayloadExists: boolean;
  readonly artifactsUrls: readonly string[];
};

/** A row of a list (contract section 8). `taskName` is the title when the task has no name. */
export type ConversationSummary = Pick<
  Conversation,
  | 'conversationId'
  | 'userId'
  | 'projectId'
  | 'agent'
  | 'taskId'
  | 'title'
  | 'status'
  | 'createdAt'
  | 'lastActivityAt'
  | 'version'
> &
  TaskDigest;

export const emptyDigest: TaskDigest = {
  taskName: null,
  taskType: null,
  previewReady: false,
  checksStatus: 'none',
  draftPrPayloadExists: false,
  artifactsUrls: [],
};

/** Longest text, most links and longest link that a digest takes over: lists stay small. */
const maxTextLength = 200;
const maxLinks = 20;
const maxLinkLength = 2_000;

/** The digest of a task document. Fields of an unexpected form count as absent. */
export function digestOf(task: TaskDocument): TaskDigest {
  const { taskDetails, previewMessage, checkResults, draftPrPayload, artifactsUrls } = task;
  return {
    taskName: textIn(taskDetails, 'name') ?? textIn(taskDetails, 'title'),
    taskType: textIn(taskDetails, 'type'),
    previewReady: typeof previewMessage === 'string' && previewMessage !== '',
    checksStatus: checksStatusOf(checkResults),
    draftPrPayloadExists: draftPrPayload !== undefined && draftPrPayload !== null,
    artifactsUrls: linksIn(artifactsUrls),
  };
}

/** The summary that a record's list row shows. */
export function summaryOf(
  conversation: Omit<ConversationSummary, keyof TaskDigest>,
  digest: TaskDigest,
): ConversationSummary {
  const { conversationId, userId, projectId, agent, taskId, title, status, createdAt, lastActivityAt, version } =
    conversation;
  return {
    conversationId,
    userId,
    projectId,
    agent,
    taskId,
    title,
    status,
    createdAt,
    lastActivityAt,
    version,
    ...digest,
    taskName: digest.taskName ?? (title === '' ? null : title),
  };
}

/** A simulated result is neither passed nor failed (contract section 8). */
function checksStatusOf(results: Json | undefined): TaskDigest['checksStatus'] {
  if (!isRecord(results) || typeof results['allPassed'] !== 'boolean') return 'none';
  if (!results['allPassed']) return 'failed';
  const checks = [results['lint'], results['tests'], results['build']];
  return checks.some((check) => isRecord(check) && check['simulated'] === true) ? 'none' : 'passed';
}

function linksIn(value: Json | undefined): readonly string[] {
  const values = Array.isArray(value) ? (value as readonly Json[]) : isRecord(value) ? Object.values(value) : [];
  // A link that is cut leads nowhere: one that is too long is left out.
  const links = values.filter((link): link is string => typeof link === 'string' && link.length <= maxLinkLength);
  return links.slice(0, maxLinks).map((link) => link.toWellFormed());
}

function textIn(value: Json | undefined, name: string): string | null {
  const text = isRecord(value) ? value[name] : undefined;
  if (typeof text !== 'string' || text === '') return null;
  if (text.length <= maxTextLength) return text.toWellFormed();
  // Half of an emoji is no text: not every engine stores it.
  const cut = text.slice(0, maxTextLength - 1).replace(/[\ud800-\udbff]$/, '');
  return `${cut.toWellFormed()}…`;
}
