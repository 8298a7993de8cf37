import { z } from 'zod';
import {
  conversationStatuses,
  HoldfastError,
  parseConversationId,
  parseProjectId,
  type ConversationId,
  type ConversationStatus,
  type ProjectId,
  type UserId,
} from '@holdfast/protocol';
import { defaultListLimit, maxListLimit, parseCursor, type ListQuery } from '../conversations/list.ts';

/** Which messages of a log. */
export type MessageQuery = { readonly after: number; readonly limit: number };

const isStatus = (word: string): word is ConversationStatus => conversationStatuses.some((known) => known === word);
const statuses = z
  .array(z.string())
  .refine((words) => words.every(isStatus), { error: `"status" must be of ${conversationStatuses.join(', ')}` })
  .transform((words) => words as ConversationStatus[]);
const projectId = z
  .string()
  .refine((text) => parseProjectId(text) !== undefined, { error: '"project" must be 1 to 64 of a-z, 0-9 and -' })
  .transform((text) => text as ProjectId);
const limit = wholeNumber('limit', 1, maxListLimit).default(defaultListLimit);
const time = z
  .union([z.iso.datetime({ offset: true }), z.iso.date()], {
    error: '"since" must be a time as in 2026-01-31 or 2026-01-31T12:00:00Z',
  })
  .transform((text) => Date.parse(text));
const listSchema = z.object({
  status: statuses.optional(),
  project: projectId.optional(),
  user: z.string().max(256, '"user" has at most 256 characters').optional(),
  task: z.string().max(1_024, '"task" has at most 1024 characters').optional(),
  since: time.optional(),
  limit,
  cursor: z
    .string()
    .refine(isCursor, { error: '"cursor" must be the nextCursor of a list; begin without one' })
    .optional(),
});
const messageSchema = z.object({ after: wholeNumber('after', 0, Number.MAX_SAFE_INTEGER).default(0), limit });
const deleteSchema = z.object({
  force: z.enum(['true', 'false'], { error: '"force" must be true or false' }).default('false'),
});

/** The query of a list of conversations. Rejects with `bad_message`, which names every fault. */
export function parseListQuery(params: URLSearchParams): ListQuery {
  const { status, project, user, task, since, limit: most, cursor } = parseWith(listSchema, params);
  return {
    limit: most,
    ...(status === undefined ? {} : { statuses: status }),
    ...(project === undefined ? {} : { projectId: project }),
    ...(user === undefined ? {} : { userId: user as UserId }),
    ...(task === undefined ? {} : { taskId: task }),
    ...(since === undefined ? {} : { since }),
    ...(cursor === undefined ? {} : { after: parseCursor(cursor) }),
  };
}

export function parseMessageQuery(params: URLSearchParams): MessageQuery {
  return parseWith(messageSchema, params);
}

export function parseDeleteQuery(params: URLSearchParams): { readonly force: boolean } {
  return { force: parseWith(deleteSchema, params).force === 'true' };
}

/** The id of a path. What has not the form of one is not there. */
export function parseIdOfPath(text: string): ConversationId {
  const id = parseConversationId(text);
  if (id === undefined) throw new HoldfastError('not_found', 'There is no such conversation.');
  return id;
}

/** Empty stands for absent; only `status` may come several times. All other parameters are left alone. */
function parseWith<Schema extends z.ZodObject>(schema: Schema, params: URLSearchParams): z.infer<Schema> {
  const faults: string[] = [];
  const values: Record<string, string | string[]> = {};
  for (const name of Object.keys(schema.shape)) {
    const given = params.getAll(name).filter((value) => value !== '');
    const [first] = given;
    if (first === undefined) continue;
    if (name === 'status') values[name] = given.flatMap((list) => list.split(',').map((word) => word.trim()));
    else if (given.length > 1) faults.push(`"${name}" was given ${given.length} times`);
    // In a query a plus that is not escaped is a space, and a time has no other.
    else values[name] = name === 'since' ? first.replace(' ', '+') : first;
  }
  const read = schema.safeParse(values);
  for (const issue of read.error?.issues ?? []) faults.push(issue.message);
  if (read.success && faults.length === 0) return read.data;
  throw new HoldfastError('bad_message', `${faults.join('; ')}.`);
}

function wholeNumber(name: string, min: number, max: number) {
  const error = `"${name}" must be a whole number ${max === Number.MAX_SAFE_INTEGER ? `of at least ${min}` : `from ${min} to ${max}`}`;
  return z
    .string()
    .regex(/^\d{1,16}$/, { error })
    .transform(Number)
    .pipe(z.number().min(min, { error }).max(max, { error }));
}

function isCursor(text: string): boolean {
  try {
    parseCursor(text);
    return true;
  } catch {
    return false;
  }
}
