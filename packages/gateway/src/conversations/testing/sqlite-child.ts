import { createInterface } from 'node:readline';
import type { ConversationId, ProjectId, UserId } from '@holdfast/protocol';
import { backupFile } from '../sqlite/backup.sqlite.ts';
import { SQLiteConversationStore } from '../store.sqlite.ts';

/*
 * Another process on the same file: `node sqlite-child.ts DOES PATH …`. Says what it has done, one line each, on stdout, and ends
 * when stdin does.
 */

const [does = '', path = '', ...rest] = process.argv.slice(2);
const over = new AbortController();
createInterface({ input: process.stdin }).on('close', () => over.abort());

const works: Readonly<Record<string, () => Promise<void>>> = {
  create: () => createUntilOver(rest[0] ?? ''),
  count: () => count(rest[0] as ConversationId, Number(rest[1])),
  back: () => backupFile(path, rest[0] ?? ''),
  hold: () => hold(),
};

await works[does]?.();
say('done');

/** Conversation after conversation, each said when it is acknowledged. */
async function createUntilOver(prefix: string): Promise<void> {
  const store = new SQLiteConversationStore(path, { ttlMs: null });
  for (let index = 0; !over.signal.aborted; index++) {
    const conversationId = `${prefix}${index}` as ConversationId;
    const names = { userId: 'ada' as UserId, projectId: 'shop' as ProjectId, agent: 'demo', epoch: 'e' };
    await store.create({ conversationId, ...names, at: Date.now() });
    say(conversationId);
  }
  await store.close();
}

/** Adds one to a counter so many times, by compare and set. */
async function count(id: ConversationId, times: number): Promise<void> {
  const store = new SQLiteConversationStore(path, { ttlMs: null });
  for (let done = 0; done < times;) {
    const record = await store.read(id);
    if (record === undefined) throw new Error(`${id} is gone`);
    const { taskId, title, status, version, task } = record;
    const fields = { taskId, title, status, task: { count: Number(task['count']) + 1 } };
    const { kind } = await store.save(id, version, fields, Date.now());
    if (kind === 'saved') done++;
  }
  await store.close();
}

async function hold(): Promise<void> {
  const store = new SQLiteConversationStore(path, { ttlMs: null });
  say('open');
  await new Promise((resolve) => over.signal.addEventListener('abort', resolve));
  await store.close();
}

function say(line: string): void {
  process.stdout.write(`${line}\n`);
}
