import { HoldfastError } from '@holdfast/protocol';
import { openStore } from '../../compose.ts';
import type { Config, StoreConfig } from '../../config.ts';
import { failed, type Finding } from './finding.ts';

const part = 'persistence';
const patienceMs = 20_000;

/** Writes, reads back and deletes a probe that no user sees; for DynamoDB the tables are looked at, or made, before. */
export async function checkStore(
  config: Pick<Config, 'store' | 'conversationTtlMs'>,
  { mayCreateTables }: { readonly mayCreateTables: boolean },
): Promise<readonly Finding[]> {
  const tables = await checkTables(config.store, mayCreateTables);
  if (tables.some(({ state }) => state === 'failed')) return tables;
  const began = performance.now();
  try {
    await probe(config);
  } catch (error) {
    return [...tables, failed(part, error)];
  }
  const took = `written, read back and deleted in ${Math.ceil(performance.now() - began)} ms`;
  return [...tables, { part, state: 'ok', message: `${nameOf(config.store)}: ${took}${warningOf(config.store)}` }];
}

async function checkTables(store: StoreConfig, mayCreate: boolean): Promise<readonly Finding[]> {
  if (store.kind !== 'dynamodb') return [];
  const { createTables, describeTables } = await import('../../conversations/dynamodb/tables.dynamodb.ts');
  try {
    const made = mayCreate ? await createTables(store) : [];
    return (await describeTables(store)).map(({ name, state, fault }) => {
      const isUsable = state === 'active';
      const message = isUsable ? (made.includes(name) ? 'made' : 'is there') : fault;
      return { part: `table ${name}`, state: isUsable ? 'ok' : 'failed', message };
    });
  } catch (error) {
    return [failed('tables', error)];
  }
}

async function probe(config: Pick<Config, 'store' | 'conversationTtlMs'>): Promise<void> {
  const store = await openStore(config);
  const late = Promise.withResolvers<never>();
  const timer = setTimeout(
    () => late.reject(new HoldfastError('unavailable', `${nameOf(config.store)} did not answer in ${patienceMs} ms.`)),
    patienceMs,
  );
  try {
    await Promise.race([store.check(), late.promise]);
  } finally {
    clearTimeout(timer);
    // One that does not answer does not close either.
    void store.close().catch(() => undefined);
  }
}

function nameOf(store: StoreConfig): string {
  switch (store.kind) {
    case 'memory':
      return 'memory';
    case 'sqlite':
      return `SQLite ${store.path}`;
    case 'dynamodb':
      return `DynamoDB ${store.tableName} at ${store.endpoint ?? store.region}`;
  }
}

function warningOf(store: StoreConfig): string {
  return store.kind === 'memory' ? '; it is lost when the gateway ends, PERSISTENCE_ADAPTER=sqlite keeps it' : '';
}
