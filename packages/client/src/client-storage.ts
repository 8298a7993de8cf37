import { isRecord, parseClientMessage, parseJson, type Cursor, type Json } from '@holdfast/protocol';

import type { OutboxMessage } from './outbox.ts';

/** What outlives a page: the conversation, how far it was read, and what was not answered. */
export type SavedConnection = {
  readonly conversationId?: string;
  readonly cursor?: Cursor;
  readonly outbox: readonly OutboxMessage[];
};

/** Where a connection keeps what must outlive it. Whoever uses the same place again goes on with the same conversation. */
export type ClientStorage = {
  /** What was saved last; undefined when there is nothing that can be read. */
  readonly load: () => SavedConnection | undefined;
  /** Never throws: a full storage must not stop a conversation. */
  readonly save: (saved: SavedConnection) => void;
  readonly clear: () => void;
};

/** As much of `sessionStorage` as is used. */
export type KeyValueStorage = {
  getItem(key: string): string | null;
  setItem(key: string, value: string): void;
  removeItem(key: string): void;
};

/** Keeps it under one key of `sessionStorage`, `localStorage` or the like. */
export function webStorage(storage: KeyValueStorage, key: string): ClientStorage {
  return {
    load() {
      const text = storage.getItem(key);
      return text === null ? undefined : parseSaved(text);
    },
    save(saved) {
      try {
        storage.setItem(key, JSON.stringify(saved));
      } catch {
        // The quota is used up. An old state would be worse than none: it would send again what was answered.
        storage.removeItem(key);
      }
    },
    clear: () => storage.removeItem(key),
  };
}

function parseSaved(text: string): SavedConnection | undefined {
  const value = parseJson(text);
  if (!isRecord(value) || !Array.isArray(value['outbox'])) return undefined;
  const { conversationId, cursor } = value;
  return {
    ...(typeof conversationId === 'string' ? { conversationId } : {}),
    ...(isCursor(cursor) ? { cursor } : {}),
    outbox: value['outbox'].flatMap(readOutboxMessage),
  };
}

function isCursor(value: Json | undefined): value is Cursor {
  return isRecord(value) && typeof value['epoch'] === 'string' && Number.isSafeInteger(value['seq']);
}

function readOutboxMessage(value: Json): OutboxMessage[] {
  const parsed = parseClientMessage(JSON.stringify(value));
  return parsed.ok && parsed.message.id !== undefined ? [parsed.message as OutboxMessage] : [];
}
