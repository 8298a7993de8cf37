import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startDynamoDBLocal } from '../support/dynamodb-local.ts';
import { seed } from '../support/random.ts';
import { countEntryTogether, countTogether } from '../support/stores/count-together.ts';
import { killWriters } from '../support/stores/kill-writers.ts';
import type { EngineAddress } from '../support/stores/open-engine.ts';

/** The long runs of both are `npm run bench -- store-faults`. */
function describeEngine(name: string, kills: number, addressOf: (name: string) => Promise<EngineAddress>): void {
  describe(`${name}, whose writers are killed and meet`, () => {
    test(
      `has everything that it acknowledged when its writer is killed (seed ${seed})`,
      { timeout: 120_000 },
      async () => {
        const { acknowledged, faults } = await killWriters(await addressOf('killed'), kills, seed);
        expect(faults).toEqual([]);
        expect(acknowledged).toBeGreaterThan(kills);
      },
    );

    test('loses and doubles nothing when four processes compare and set one record', { timeout: 120_000 }, async () => {
      const { counted, versions, expected } = await countTogether(await addressOf('counted'), 4, 50);
      expect({ counted, versions }).toEqual({ counted: expected, versions: expected });
    });

    test('loses and doubles nothing when eight processes change one entry', { timeout: 120_000 }, async () => {
      expect(await countEntryTogether(await addressOf('changed'), 8, 50)).toBe(8 * 50);
    });
  });
}

const folder = mkdtempSync(join(tmpdir(), 'holdfast-store-'));
afterAll(() => rmSync(folder, { recursive: true }));
describeEngine('SQLite', 20, async (name) => ({ kind: 'sqlite', path: join(folder, `${name}.db`) }));

let dynamo: Awaited<ReturnType<typeof startDynamoDBLocal>>;
beforeAll(async () => {
  dynamo = await startDynamoDBLocal();
}, 300_000);
afterAll(() => dynamo[Symbol.asyncDispose]());
describeEngine('DynamoDB Local', 8, async (name) => ({ kind: 'dynamodb', ...(await dynamo.createTables(name)) }));
