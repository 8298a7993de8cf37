import { setTimeout as pause } from 'node:timers/promises';
import type { ConversationId } from '@holdfast/protocol';
import type { ConversationStore } from '../../../packages/gateway/src/conversations/store.ts';
import { openEngine, type EngineAddress } from './open-engine.ts';

/*
 * node counter.process.ts ADDRESS KIND NAME TIMES: adds one to a counter so many times, to that of a record by compare and set
 * (`record`), or to an entry (`entry`); prints its tries.
 */

const [addressText = '', kind = '', name = '', times = ''] = process.argv.slice(2);
const store = await openEngine(JSON.parse(addressText) as EngineAddress);
const addOne = kind === 'entry' ? addOneToEntry : addOneToRecord;
let tries = 0;
for (let done = 0; done < Number(times); done++) tries += await addOne(store, name);
await store.close();
process.stdout.write(`${tries}\n`);

async function addOneToRecord(to: ConversationStore, id: string): Promise<number> {
  for (let tried = 1; ; tried++) {
    const record = await to.read(id as ConversationId);
    if (record === undefined) throw new Error('the record is gone');
    const task = { counter: Number(record.task['counter'] ?? 0) + 1 };
    const saved = await to.save(record.conversationId, record.version, { ...record, task }, Date.now());
    if (saved.kind === 'saved') return tried;
    // Somebody was faster; a pause of random length keeps the next tries apart.
    await pause(Math.random() * 20);
  }
}

async function addOneToEntry(to: ConversationStore, key: string): Promise<number> {
  let tried = 0;
  await to.changeEntry(key, (current) => {
    tried++;
    const body = JSON.stringify(Number(current?.body ?? 0) + 1);
    return { next: { body, list: 'counters', expiresAt: null }, result: undefined };
  });
  return tried;
}
