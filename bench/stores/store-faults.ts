import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startDynamoDBLocal } from '../../test/support/dynamodb-local.ts';
import { countTogether } from '../../test/support/stores/count-together.ts';
import { killWriters } from '../../test/support/stores/kill-writers.ts';
import type { EngineAddress } from '../../test/support/stores/open-engine.ts';
import { table } from '../table.ts';

export type StoreFaultOptions = { readonly kills: number; readonly seed: number };

const processes = 16;
const times = 1_000;

/** Writers killed at random moments, and many processes that count together, on each engine. Rejects when anything is wrong. */
export async function storeFaults({ kills, seed }: StoreFaultOptions): Promise<string> {
  const folder = mkdtempSync(join(tmpdir(), 'holdfast-bench-'));
  await using dynamo = await startDynamoDBLocal();
  try {
    const rows: string[][] = [];
    const faults: string[] = [];
    const engines: readonly (readonly [string, (name: string) => Promise<EngineAddress>])[] = [
      ['SQLite', async (name) => ({ kind: 'sqlite', path: join(folder, `${name}.db`) })],
      ['DynamoDB Local', async (name) => ({ kind: 'dynamodb', ...(await dynamo.createTables(name)) })],
    ];
    for (const [name, addressOf] of engines) {
      const killed = await killWriters(await addressOf('kills'), kills, seed);
      const began = performance.now();
      const count = await countTogether(await addressOf('count'), processes, times);
      const seconds = (performance.now() - began) / 1000;
      faults.push(...killed.faults);
      if (count.counted !== count.expected || count.versions !== count.expected) faults.push(JSON.stringify(count));
      rows.push([
        name,
        `${killed.kills}`,
        killed.acknowledged.toLocaleString('en'),
        `${killed.faults.length}`,
        `${count.counted.toLocaleString('en')} of ${count.expected.toLocaleString('en')}`,
        count.tries.toLocaleString('en'),
        seconds.toFixed(0),
      ]);
    }
    const head = ['engine', 'kills', 'acknowledged writes', 'lost, doubled or torn'];
    const text = table([...head, `counted by ${processes} processes`, 'tries', 'seconds'], rows);
    if (faults.length > 0) throw new Error(`seed ${seed}\n${text}\n${faults.slice(0, 20).join('\n')}`);
    return `seed ${seed} (--seed ${seed} makes the same choices again)\n\n${text}`;
  } finally {
    rmSync(folder, { recursive: true });
  }
}
