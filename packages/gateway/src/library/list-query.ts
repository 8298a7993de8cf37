import {
  HoldfastError,
  parseProjectId,
  type ConversationStatus,
  type ProjectId,
  type UserId,
} from '@holdfast/protocol';
import type { ListFilter } from '../conversations/list.ts';
import { readName, readStatus, refuse, show } from './conversation-input.ts';
import { parseTime } from './time.ts';

const filterNames = ['status', 'userId', 'projectId', 'taskId', 'since'];

/** Rejects wrong filters with one `bad_message`; a misspelt one too, which would list everybody's. */
export function parseFilters(filters: unknown): ListFilter {
  const faults: string[] = [];
  if (typeof filters !== 'object' || filters === null) {
    refuse('The conversations cannot be listed', [`filters must be an object, and are ${show(filters)}`]);
  }
  const fields = filters as Readonly<Record<string, unknown>>;
  for (const name of Object.keys(fields)) {
    if (!filterNames.includes(name)) faults.push(`There is no filter "${name}"; there are ${filterNames.join(', ')}`);
  }
  const { status, userId, projectId, taskId, since } = fields;
  const filter: ListFilter = {
    ...(status !== undefined && { statuses: readStatuses(status, faults) }),
    ...(userId !== undefined && { userId: readName(fields, 'userId', faults) as UserId }),
    ...(projectId !== undefined && { projectId: readProject(projectId, faults) }),
    ...(taskId !== undefined && { taskId: readName(fields, 'taskId', faults) }),
    ...(since !== undefined && { since: readSince(since, faults) }),
  };
  refuse('The conversations cannot be listed', faults);
  return filter;
}

/** Rejects what is no number of results with `bad_message`. */
export function parseMaxResults(value: unknown): number {
  if (value === Infinity || (Number.isSafeInteger(value) && Number(value) > 0)) return Number(value);
  throw new HoldfastError(
    'bad_message',
    `maxResults must be a whole number from 1, or Infinity, and is ${show(value)}.`,
  );
}

function readStatuses(value: unknown, faults: string[]): readonly ConversationStatus[] {
  const words: readonly unknown[] = Array.isArray(value) ? value : [value];
  return words.map((word) => readStatus(word, faults));
}

function readProject(value: unknown, faults: string[]): ProjectId {
  const projectId = parseProjectId(value);
  if (projectId === undefined) faults.push(`projectId must be 1 to 64 of a-z, 0-9 and "-", and is ${show(value)}`);
  return projectId as ProjectId;
}

function readSince(value: unknown, faults: string[]): number {
  const since = parseTime(value);
  if (since === undefined) faults.push(`since must be a Date, ISO 8601 or epoch milliseconds, and is ${show(value)}`);
  return since as number;
}
