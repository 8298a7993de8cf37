import { isRecord, parseJson, type CheckEvent } from '@holdfast/protocol';

const known: ReadonlySet<string> = new Set(['planned', 'started', 'output', 'finished', 'done']);

/** A line of `holdfast-agent check --events`; undefined for one that is none. The agent is of the same installation. */
export function parseCheckEvent(line: string): CheckEvent | undefined {
  const value = parseJson(line);
  if (!isRecord(value) || typeof value['type'] !== 'string' || !known.has(value['type'])) return undefined;
  return value as unknown as CheckEvent;
}
