import { setTimeout as pause } from 'node:timers/promises';
import type { ConversationId } from '@holdfast/protocol';
import { openEngine, type EngineAddress } from './open-engine.ts';

/* node counter.process.ts ADDRESS ID TIMES: adds one to a record's counter so many times by compare and set; prints its tries. */

const [addressText = '', id = '', times = ''] = process.argv.slice(2);
const store = await openEngine(JSON.parse(addressText) as EngineAddress);
let tries = 0;
for (let done = 0; done < Number(times);) {
  tries++;
  const record = await store.read(id as ConversationId);
  if (record === undefined) throw new Error('the record is gone');
  const task = { counter: Number(record.task['counter'] ?? 0) + 1 };
  const saved = await store.save(record.conversationId, record.version, { ...record, task }, Date.now());
  if (saved.kind === 'saved') done++;
  // Somebody was faster; a pause of random length keeps the next tries apart.
  else await pause(Math.random() * 20);
}
await store.close();
process.stdout.write(`${tries}\n`);
