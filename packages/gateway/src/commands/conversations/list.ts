import { HoldfastError, parseProjectId, type UserId } from '@holdfast/protocol';
import type { Environment } from '../../lib/environment.ts';
import { maxListLimit, type ListFilter, type ListPosition } from '../../conversations/list.ts';
import { publishedSummary } from '../../conversations/published.ts';
import type { ConversationSummary } from '../../conversations/record.ts';
import { painter, type Paint } from '../chat/paint.ts';
import { oneLine } from '../chat/printable.ts';
import { expectNone, expectStatuses, expectTime, expectWhole, readOptions } from '../options.ts';
import { print, type CommandStreams } from '../streams.ts';
import { ago } from './ago.ts';
import { withStore } from './configured-store.ts';
import { tableLines, type Column } from './table.ts';

const usage = `Usage: holdfast conversations list [OPTIONS]

The durable conversations, newest activity first, of the store that PERSISTENCE_ADAPTER names.

  --status a,b     only these: in-progress, waiting, interrupted, completed, draft-preview
  --project P      only of this project
  --user U         only of this user
  --task T         only about this task
  --since TIME     only with activity since: 2026-01-31, 2026-01-31T12:00:00Z, 12h, 7d
  --limit N        at most so many (default: 50)
  --all            all of them
  --json           one JSON object a line, as in GET /api/conversations

Where the output is no terminal: one line each, separated by tabs, without a heading: id, status, project, agent, user,
time of the last activity, title.`;

const defaultLimit = 50;

/** `holdfast conversations list`. */
export async function listConversations(
  args: readonly string[],
  env: Environment,
  streams: CommandStreams,
): Promise<number> {
  const command = 'conversations list';
  const { values, positionals } = readOptions(args, command, {
    ...{ status: { type: 'string' }, project: { type: 'string' }, user: { type: 'string' }, task: { type: 'string' } },
    ...{ since: { type: 'string' }, limit: { type: 'string' }, all: { type: 'boolean' }, json: { type: 'boolean' } },
    help: { type: 'boolean', short: 'h' },
  });
  if (values.help === true) {
    await print(streams, `${usage}\n`);
    return 0;
  }
  expectNone(positionals, command);
  if (values.all === true && values.limit !== undefined) {
    throw new HoldfastError('bad_message', '--all and --limit exclude each other.');
  }
  const filter = filterOf(values, Date.now());
  const most =
    values.all === true ? Infinity : expectWhole('limit', values.limit ?? String(defaultLimit), 1, 1_000_000);
  const write = values.json === true ? jsonOf : streams.stdout.isTTY === true ? tableOf(streams) : tabbedOf;
  await withStore(env, async (store) => {
    let after: ListPosition | null = null;
    let count = 0;
    do {
      const limit = Math.min(maxListLimit, most - count);
      const page = await store.list({ ...filter, limit, ...(after === null ? {} : { after }) });
      await print(streams, write(page.conversations, count === 0));
      count += page.conversations.length;
      after = page.next;
    } while (after !== null && count < most && !streams.interrupt.aborted);
    if (streams.stdout.isTTY === true && values.json !== true) {
      if (count === 0) await print(streams, 'There is no such conversation.\n');
      else if (after !== null && !streams.interrupt.aborted)
        await print(streams, `These are the newest ${count}; --limit N or --all shows more.\n`);
    }
  });
  return 0;
}

type Wishes = { readonly [name in 'status' | 'project' | 'user' | 'task' | 'since']?: string | undefined };

function filterOf({ status, project, user, task, since }: Wishes, now: number): ListFilter {
  return {
    ...(status === undefined ? {} : { statuses: expectStatuses(status) }),
    ...(project === undefined ? {} : { projectId: expectProject(project) }),
    ...(user === undefined ? {} : { userId: user as UserId }),
    ...(task === undefined ? {} : { taskId: task }),
    ...(since === undefined ? {} : { since: expectTime('since', since, now) }),
  };
}

function expectProject(text: string) {
  const id = parseProjectId(text);
  if (id !== undefined) return id;
  throw new HoldfastError('bad_message', `--project must be 1 to 64 of a-z, 0-9 and -, and is "${text}".`);
}

type Write = (conversations: readonly ConversationSummary[], isFirst: boolean) => string;

const jsonOf: Write = (conversations) =>
  conversations.map((one) => `${JSON.stringify(publishedSummary(one))}\n`).join('');

const tabbedOf: Write = (conversations) =>
  conversations
    .map((one) => {
      const time = new Date(one.lastActivityAt).toISOString();
      const cells = [one.conversationId, one.status, one.projectId, one.agent, one.userId, time, nameOf(one)];
      return `${cells.map((cell) => oneLine(cell, 1_000)).join('\t')}\n`;
    })
    .join('');

function tableOf({ stdout, isColoured }: CommandStreams): Write {
  const columns = columnsWith(painter(isColoured), Date.now());
  return (conversations, isFirst) => {
    if (conversations.length === 0) return '';
    const [heading = '', ...lines] = tableLines(conversations, columns, stdout.columns ?? 80);
    const all = isFirst ? [painter(isColoured)('bold', heading), ...lines] : lines;
    return `${all.join('\n')}\n`;
  };
}

function columnsWith(paint: Paint, now: number): readonly Column<ConversationSummary>[] {
  return [
    { heading: 'ID', cell: ({ conversationId }) => conversationId },
    { heading: 'STATUS', cell: ({ status }) => status, paint: (text) => paint(styleOf(text), text) },
    { heading: 'PROJECT', cell: ({ projectId }) => projectId, dropFirst: 1 },
    { heading: 'AGENT', cell: ({ agent }) => oneLine(agent, 20), dropFirst: 2 },
    { heading: 'USER', cell: ({ userId }) => oneLine(userId, 20), dropFirst: 3 },
    { heading: 'ACTIVE', cell: ({ lastActivityAt }) => ago(lastActivityAt, now), paint: (text) => paint('dim', text) },
    { heading: 'TITLE', cell: nameOf, takesRest: true },
  ];
}

function nameOf({ title, taskName }: ConversationSummary): string {
  return oneLine(taskName ?? title, 200);
}

function styleOf(status: string): 'yellow' | 'green' | 'red' | 'cyan' {
  switch (status.trim()) {
    case 'in-progress':
      return 'green';
    case 'waiting':
      return 'yellow';
    case 'interrupted':
      return 'red';
    default:
      return 'cyan';
  }
}
