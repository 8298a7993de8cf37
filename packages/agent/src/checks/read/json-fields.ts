import { isRecord, type Json } from '@holdfast/protocol';

/** A JSON object whose fields nobody has promised. */
export type JsonRecord = { readonly [name: string]: Json };

export function textIn(record: JsonRecord, name: string): string | null {
  const value = record[name];
  return typeof value === 'string' ? value : null;
}

export function numberIn(record: JsonRecord, name: string): number | null {
  const value = record[name];
  return typeof value === 'number' ? value : null;
}

/** A field that is a list; empty when it is none. */
export function listIn(record: JsonRecord, name: string): readonly Json[] {
  const value = record[name];
  return Array.isArray(value) ? (value as readonly Json[]) : [];
}

/** A field that is an object; empty when it is none. */
export function recordIn(record: JsonRecord, name: string): JsonRecord {
  const value = record[name];
  return isRecord(value) ? value : {};
}

/** The first line of a message that may have many. */
export function firstLine(text: string | null | undefined): string {
  return text?.trim().split('\n')[0]?.trimEnd() ?? '';
}
