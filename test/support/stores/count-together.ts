import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import type { ConversationId, ProjectId, UserId } from '@holdfast/protocol';
import { openEngine, type EngineAddress } from './open-engine.ts';

export type Count = {
  /** What the counter says, and what it must say. */
  readonly counted: number;
  readonly expected: number;
  /** Versions that the record went through; one for each that was counted. */
  readonly versions: number;
  /** Compare-and-sets that were tried. */
  readonly tries: number;
};

const run = promisify(execFile);
const counter = fileURLToPath(new URL('counter.process.ts', import.meta.url));

/** So many processes add one to the same record, each so many times, by compare and set. */
export async function countTogether(address: EngineAddress, processes: number, times: number): Promise<Count> {
  const store = await openEngine(address);
  const conversationId = 'counter' as ConversationId;
  const fresh = { userId: 'ada' as UserId, projectId: 'shop' as ProjectId, agent: 'demo', epoch: 'e', at: Date.now() };
  const created = await store.create({ conversationId, ...fresh });
  if (created.kind !== 'created') throw new Error(`the counter was ${created.kind}`);
  const tries = await runCounters(address, 'record', conversationId, processes, times);
  const record = await store.read(conversationId);
  await store.close();
  return {
    counted: Number(record?.task['counter']),
    expected: processes * times,
    versions: (record?.version ?? 0) - created.conversation.version,
    tries,
  };
}

/** So many processes add one to the same entry, each so many times. Resolves with what the entry says then. */
export async function countEntryTogether(address: EngineAddress, processes: number, times: number): Promise<number> {
  // The tables are made before they all come.
  const store = await openEngine(address);
  await runCounters(address, 'entry', 'counter', processes, times);
  const entry = await store.readEntry('counter');
  await store.close();
  return Number(entry?.body);
}

/** Resolves with how often they tried, together. */
async function runCounters(
  address: EngineAddress,
  kind: 'record' | 'entry',
  name: string,
  processes: number,
  times: number,
): Promise<number> {
  const args = [counter, JSON.stringify(address), kind, name, String(times)];
  const outputs = await Promise.all(Array.from({ length: processes }, () => run(process.execPath, args)));
  return outputs.reduce((sum, { stdout }) => sum + Number(stdout), 0);
}
