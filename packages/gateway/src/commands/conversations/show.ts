import { HoldfastError } from '@holdfast/protocol';
import type { Environment } from '../../lib/environment.ts';
import { readHistory } from '../../conversations/history.ts';
import { readLogPage } from '../../conversations/log-page.ts';
import { publishedRecord } from '../../conversations/published.ts';
import { digestOf, type ConversationRecord } from '../../conversations/record.ts';
import type { ConversationStore } from '../../conversations/store.ts';
import { painter, type Paint } from '../chat/paint.ts';
import { oneLine } from '../chat/printable.ts';
import { ChatRenderer } from '../chat/render.ts';
import { expectId, readOptions } from '../options.ts';
import { print, type CommandStreams } from '../streams.ts';
import { ago } from './ago.ts';
import { withStore } from './configured-store.ts';

const command = 'conversations show';
const usage = `Usage: holdfast ${command} ID [--messages] [--json]

One conversation: its record, and with --messages what was said.

  --messages   the messages too
  --json       the record as one line of JSON, as in GET /api/conversations/ID; with --messages followed by the
               messages as they are in the log, one a line`;

/** `holdfast conversations show`. */
export async function showConversation(
  args: readonly string[],
  env: Environment,
  streams: CommandStreams,
): Promise<number> {
  const { values, positionals } = readOptions(args, command, {
    ...{ messages: { type: 'boolean' }, json: { type: 'boolean' } },
    help: { type: 'boolean', short: 'h' },
  });
  if (values.help === true) {
    await print(streams, `${usage}\n`);
    return 0;
  }
  const [text, ...others] = positionals;
  if (text === undefined || others.length > 0) {
    throw new HoldfastError('bad_message', `holdfast ${command} takes one ID; holdfast conversations list shows them.`);
  }
  const id = expectId(text);
  return withStore(env, async (store) => {
    const record = await store.read(id);
    if (record === undefined) {
      streams.stderr.write(`There is no conversation ${id}; holdfast conversations list shows those that there are.\n`);
      return 1;
    }
    if (values.json === true) await printJson(streams, store, record, values.messages === true);
    else await printForPeople(streams, store, record, values.messages === true);
    return 0;
  });
}

type Reading = Pick<ConversationStore, 'readLog'>;

async function printJson(
  streams: CommandStreams,
  store: Reading,
  record: ConversationRecord,
  withMessages: boolean,
): Promise<void> {
  await print(streams, `${JSON.stringify(publishedRecord(record))}\n`);
  if (!withMessages) return;
  for (let after = 0; !streams.interrupt.aborted;) {
    const page = await readLogPage(store, record.conversationId, { after, limit: 1_000 });
    if (page.texts.length === 0) return;
    await print(streams, `${page.texts.join('\n')}\n`);
    after = page.lastSeq;
  }
}

async function printForPeople(
  streams: CommandStreams,
  store: Reading,
  record: ConversationRecord,
  withMessages: boolean,
): Promise<void> {
  const paint = painter(streams.isColoured);
  await print(streams, `${describe(record, paint)}\n`);
  if (!withMessages) return;
  const history = await readHistory(store, record.conversationId, record.lastSeq);
  const renderer = new ChatRenderer(streams.isColoured);
  await print(streams, '\n');
  for (const message of history) {
    if (streams.interrupt.aborted) return;
    await print(streams, renderer.read([message]));
  }
  await print(streams, renderer.finish());
}

/** The record as lines of name and value. */
function describe(record: ConversationRecord, paint: Paint): string {
  const now = Date.now();
  const { taskName, taskType } = digestOf(record.task);
  const what = [record.taskId, taskName, taskType].filter((word) => word !== null).join(', ');
  const time = (at: number): string => `${new Date(at).toISOString()} ${paint('dim', `(${ago(at, now)})`)}`;
  const lines: (readonly [string, string])[] = [
    ['id', record.conversationId],
    ['status', record.status],
    ['project', record.projectId],
    ['agent', oneLine(record.agent, 200)],
    ['user', oneLine(record.userId, 200)],
    ...(what === '' ? [] : [['task', oneLine(what, 500)] as const]),
    ['created', time(record.createdAt)],
    ['active', time(record.lastActivityAt)],
    ['messages', String(record.lastSeq)],
    ['version', String(record.version)],
    ...record.session.pending.map(({ id, name }) => ['waits', oneLine(`${name} (${id}) for a decision`, 200)] as const),
    ...Object.entries(record.task).map(([name, value]) => [oneLine(name, 30), shortOf(value)] as const),
  ];
  const width = Math.max(...lines.map(([name]) => name.length));
  const title = record.title === '' ? paint('dim', '(no title)') : paint('bold', oneLine(record.title, 200));
  return [title, ...lines.map(([name, value]) => `  ${paint('dim', name.padEnd(width))}  ${value}`)].join('\n');
}

/** A value of the task document on one line; `--json` has it whole. */
function shortOf(value: unknown): string {
  return oneLine(typeof value === 'string' ? value : (JSON.stringify(value) ?? ''), 120);
}
