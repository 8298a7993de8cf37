/** Branded identifiers: a plain string at run time, not interchangeable at compile time. */
declare const brand: unique symbol;
type Brand<Name extends string> = string & { readonly [brand]: Name };

export type ConversationId = Brand<'conversation'>;
export type ProjectId = Brand<'project'>;
export type UserId = Brand<'user'>;
/** A client message's own id; unique within its conversation (docs/protocol.md 4.1). */
export type MessageId = Brand<'message'>;

const messageIdPattern = /^[A-Za-z0-9._:-]{1,128}$/;
const conversationIdPattern = /^[A-Za-z0-9_-]{1,64}$/;
const projectIdPattern = /^[a-z0-9-]{1,64}$/;
const agentNamePattern = /^[^\u0000-\u001f\u007f]{1,256}$/;

/** The id, or undefined when it has not the form of docs/protocol.md 4.1. */
export function parseMessageId(value: unknown): MessageId | undefined {
  return typeof value === 'string' && messageIdPattern.test(value) ? (value as MessageId) : undefined;
}

/** 1–64 letters, digits, `_` and `-`; safe as a file name. */
export function parseConversationId(value: unknown): ConversationId | undefined {
  return typeof value === 'string' && conversationIdPattern.test(value) ? (value as ConversationId) : undefined;
}

/** `[a-z0-9-]`, 1–64 characters. */
export function parseProjectId(value: unknown): ProjectId | undefined {
  return typeof value === 'string' && projectIdPattern.test(value) ? (value as ProjectId) : undefined;
}

/** An agent's name: `claude`, `demo`, `acp:COMMAND` …; no control characters, at most 256. */
export function parseAgentName(value: unknown): string | undefined {
  return typeof value === 'string' && agentNamePattern.test(value) ? value : undefined;
}

/** A new random id: 32 hexadecimal digits, 128 random bits. */
export function newId<Id extends string>(): Id {
  // Not randomUUID: browsers have that on https and localhost only.
  const bytes = globalThis.crypto.getRandomValues(new Uint8Array(16));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('') as Id;
}
