import { parseMessageId, type MessageId } from './ids.ts';
import { isRecord, parseJson, type Json } from './json.ts';

/** docs/protocol.md section 4. */
export const maxClientMessageBytes = 1_048_576;

const maxShortLength = 4096;

export const permissionModes = ['default', 'acceptEdits', 'plan', 'bypassPermissions'] as const;
export type PermissionMode = (typeof permissionModes)[number];

export type Settings = {
  readonly model?: string;
  readonly permissionMode?: PermissionMode;
  readonly extendedThinking?: boolean;
};

export type ContextFile = {
  readonly path: string;
  /** False: the file is named to the agent, its content is not. Default true. */
  readonly include?: boolean;
  /** First and last line, from 1. */
  readonly selection?: { readonly start: number; readonly end: number };
};

export type PromptContext = { readonly files: readonly ContextFile[] };

export type PromptMessage = {
  readonly type: 'prompt';
  readonly id?: MessageId;
  readonly prompt: string;
  readonly settings?: Settings;
  readonly context?: PromptContext;
};
export type ApproveMessage = { readonly type: 'approve'; readonly id?: MessageId; readonly toolId: string };
export type RejectMessage = {
  readonly type: 'reject';
  readonly id?: MessageId;
  readonly toolId: string;
  readonly reason?: string;
};
export type AbortMessage = { readonly type: 'abort'; readonly id?: MessageId };
export type SettingsMessage = { readonly type: 'settings'; readonly id?: MessageId; readonly settings: Settings };

export type ClientMessage = PromptMessage | ApproveMessage | RejectMessage | AbortMessage | SettingsMessage;
export type ClientMessageKind = ClientMessage['type'];

export type ParsedClientMessage =
  | { readonly ok: true; readonly message: ClientMessage }
  /** `error` says what is wrong and what would be right; `id` is the message's own where it could be read. */
  | { readonly ok: false; readonly error: string; readonly id?: MessageId };

class Fault extends Error {}

/** Reads one client message (docs/protocol.md section 4). Unknown fields are dropped; it never throws. */
export function parseClientMessage(text: string): ParsedClientMessage {
  const value = parseJson(text);
  if (value === undefined)
    return { ok: false, error: 'The message is not JSON; send one JSON object in a text frame.' };
  if (!isRecord(value)) return { ok: false, error: 'The message must be a JSON object with a "type".' };
  const id = parseMessageId(value['id']);
  try {
    return { ok: true, message: readMessage(value, id) };
  } catch (fault) {
    if (!(fault instanceof Fault)) throw fault;
    return id === undefined ? { ok: false, error: fault.message } : { ok: false, error: fault.message, id };
  }
}

function readMessage(value: Record<string, Json>, id: MessageId | undefined): ClientMessage {
  if (value['id'] !== undefined && id === undefined) {
    throw new Fault('"id" must be 1 to 128 characters out of A-Z a-z 0-9 . _ : -');
  }
  const own = id === undefined ? {} : { id };
  const type = value['type'];
  switch (type) {
    case 'prompt':
      return {
        type,
        ...own,
        prompt: readText(value, 'prompt'),
        ...optional('settings', value['settings'], readSettings),
        ...optional('context', value['context'], readContext),
      };
    case 'approve':
      return { type, ...own, toolId: readText(value, 'toolId') };
    case 'reject':
      return { type, ...own, toolId: readText(value, 'toolId'), ...optional('reason', value['reason'], readShort) };
    case 'abort':
      return { type, ...own };
    case 'settings':
      return { type, ...own, settings: readSettings(value['settings'], 'settings') };
    default:
      throw new Fault('"type" must be one of prompt, approve, reject, abort, settings');
  }
}

function readText(value: Record<string, Json>, name: string): string {
  const text = value[name];
  if (typeof text !== 'string' || text.length === 0) throw new Fault(`"${name}" must be a string that is not empty`);
  return text;
}

/** These are kept in the conversation's record, so they have a bound of their own. */
function readShort(value: Json | undefined, name: string): string {
  if (typeof value !== 'string' || value.length > maxShortLength) {
    throw new Fault(`"${name}" must be a string of at most ${maxShortLength} characters`);
  }
  return value;
}

function readBoolean(value: Json | undefined, name: string): boolean {
  if (typeof value !== 'boolean') throw new Fault(`"${name}" must be true or false`);
  return value;
}

function readSettings(value: Json | undefined, name: string): Settings {
  if (!isRecord(value)) throw new Fault(`"${name}" must be an object`);
  return {
    ...optional('model', value['model'], readShort),
    ...optional('permissionMode', value['permissionMode'], readPermissionMode),
    ...optional('extendedThinking', value['extendedThinking'], readBoolean),
  };
}

function readPermissionMode(value: Json | undefined): PermissionMode {
  const mode = permissionModes.find((known) => known === value);
  if (mode === undefined) throw new Fault(`"permissionMode" must be one of ${permissionModes.join(', ')}`);
  return mode;
}

function readContext(value: Json | undefined): PromptContext {
  const files = isRecord(value) ? value['files'] : undefined;
  if (!Array.isArray(files)) throw new Fault('"context" must be an object with an array "files"');
  if (files.length > 1000) throw new Fault('"context.files" may name at most 1000 files');
  return { files: files.map(readContextFile) };
}

function readContextFile(value: Json): ContextFile {
  if (!isRecord(value)) throw new Fault('every entry of "context.files" must be an object with a "path"');
  return {
    path: readText(value, 'path'),
    ...optional('include', value['include'], readBoolean),
    ...optional('selection', value['selection'], readSelection),
  };
}

function readSelection(value: Json | undefined): { start: number; end: number } {
  const [start, end] = isRecord(value) ? [value['start'], value['end']] : [];
  if (!isLine(start) || !isLine(end) || end < start) {
    throw new Fault('"selection" must be {start, end}: first and last line, counted from 1');
  }
  return { start, end };
}

function isLine(value: Json | undefined): value is number {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 1;
}

/** `{}` when the field is absent (or null), else `{[name]: read(value)}`: keeps absent fields absent. */
function optional<Name extends string, Value>(
  name: Name,
  value: Json | undefined,
  read: (value: Json, name: string) => Value,
): { [K in Name]?: Value } {
  if (value === undefined || value === null) return {};
  return { [name]: read(value, name) } as { [K in Name]?: Value };
}
