import { createServer, type Server } from 'node:http';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest';
import { startDynalite } from '../../../../../test/support/dynalite.ts';
import type { DynamoDBEngine } from '../../../../../test/support/dynamodb-engine.ts';
import { freePort } from '../../../../../test/support/free-port.ts';
import { batchOf, one, start } from '../contract/store-scene.contract.ts';
import { DynamoDBConversationStore } from '../store.dynamodb.ts';
import { createTables } from './tables.dynamodb.ts';

describe('an engine that does not do what it is asked', () => {
  const stores: DynamoDBConversationStore[] = [];
  const servers: Server[] = [];
  let engine: DynamoDBEngine;
  beforeAll(async () => {
    engine = await startDynalite();
  });
  afterAll(() => engine[Symbol.asyncDispose]());
  afterEach(async () => {
    for (const server of servers.splice(0)) server.close().closeAllConnections();
    for (const store of stores.splice(0)) await store.close();
  });

  function openStore(endpoint: string, tableName = 'holdfast'): DynamoDBConversationStore {
    const store = new DynamoDBConversationStore({ tableName, region: 'eu-west-1', endpoint }, { ttlMs: null });
    stores.push(store);
    return store;
  }

  /** An engine that answers everything so. */
  async function serve(status: number, body: object | undefined): Promise<string> {
    const server = createServer((_request, response) => {
      if (body === undefined) return;
      response.writeHead(status, { 'content-type': 'application/x-amz-json-1.0' }).end(JSON.stringify(body));
    }).listen(0, '127.0.0.1');
    servers.push(server);
    await once(server, 'listening');
    return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  }

  async function faultOf(call: Promise<unknown>): Promise<{ code: unknown; message: string }> {
    const fault = await call.then(
      () => undefined,
      (error: unknown) => error,
    );
    const { code, message } = fault as { code: unknown; message: string };
    return { code, message };
  }

  test('that is not there is unavailable, with its table, region and address', async () => {
    const endpoint = `http://127.0.0.1:${await freePort()}`;
    const { code, message } = await faultOf(openStore(endpoint).get(one));
    expect(code).toBe('unavailable');
    for (const word of ['holdfast', 'eu-west-1', endpoint]) expect(message).toContain(word);
  });

  test('that takes what it is asked and says nothing is unavailable within seconds', { timeout: 30_000 }, async () => {
    const store = openStore(await serve(200, undefined));
    const began = performance.now();
    const faults = await Promise.all([
      faultOf(store.get(one)),
      faultOf(store.check()),
      faultOf(store.list({ limit: 1 })),
      faultOf(store.write({ conversationId: one, generation: 1, at: start, durable: true, batch: batchOf(1, 'a') })),
    ]);
    expect(faults.map(({ code }) => code)).toEqual(Array.from({ length: 4 }, () => 'unavailable'));
    expect(performance.now() - began).toBeLessThan(12_000);
  });

  test('that says nothing keeps hundreds no longer waiting than one', { timeout: 60_000 }, async () => {
    const store = openStore(await serve(200, undefined));
    const began = performance.now();
    const faults = await Promise.all(Array.from({ length: 300 }, () => faultOf(store.get(one))));
    expect(new Set(faults.map(({ code }) => code))).toEqual(new Set(['unavailable']));
    expect(performance.now() - began).toBeLessThan(15_000);
  });

  test('without the tables says how to make them', async () => {
    const { code, message } = await faultOf(openStore(engine.endpoint, 'nothing').get(one));
    expect(code).toBe('unavailable');
    expect(message).toContain('holdfast doctor --create-tables');
  });

  test.each([
    ['AccessDeniedException', 'access was denied'],
    ['UnrecognizedClientException', 'credentials'],
    ['ExpiredTokenException', 'credentials'],
  ])('that says %s is unavailable, and says what is missing', async (type, word) => {
    const endpoint = await serve(400, { __type: `com.amazon.coral.service#${type}`, message: 'no' });
    const { code, message } = await faultOf(openStore(endpoint).get(one));
    expect(code).toBe('unavailable');
    expect(message).toContain(word);
  });

  test('that is throttled all the time is unavailable in the end', { timeout: 30_000 }, async () => {
    const type = 'com.amazonaws.dynamodb.v20120810#ProvisionedThroughputExceededException';
    const endpoint = await serve(400, { __type: type, message: 'slow down' });
    const { code, message } = await faultOf(openStore(endpoint).heads([one]));
    expect(code).toBe('unavailable');
    expect(message).toContain('throttled');
  });

  test('an engine at an address of one’s own needs no credentials', async () => {
    const address = await engine.createTables('free');
    const store = openStore(engine.endpoint, address.tableName);
    await expect(store.check()).resolves.toBeUndefined();
  });

  test('what was under way when it went away is written once when it is back', { timeout: 60_000 }, async () => {
    const address = await engine.createTables('frozen');
    const store = openStore(engine.endpoint, address.tableName);
    const fresh = { userId: 'ada', projectId: 'shop', agent: 'demo', epoch: 'e', at: start };
    await store.create({ ...fresh, conversationId: one } as Parameters<typeof store.create>[0]);
    const lease = await store.acquire(one, { owner: 'a', now: 1, until: 2 });
    if (lease.kind !== 'acquired') throw new Error(lease.kind);
    const write = { conversationId: one, generation: lease.generation, at: start, durable: true };
    await store.write({ ...write, batch: batchOf(1, 'a') });
    engine.freeze();
    const late = await faultOf(store.write({ ...write, batch: batchOf(2, 'b') }));
    engine.thaw();
    expect(late.code).toBe('unavailable');
    // It may have been done or not; the record says it, and the same again does no harm.
    const again = await store.write({ ...write, batch: batchOf(2, 'b') });
    expect(['written', 'fenced']).toContain(again);
    expect((await store.readLog(one, 0, 1e9)).map(({ lastSeq }) => lastSeq)).toEqual([1, 2]);
  });

  test('of Amazon, without credentials, is unavailable and says so before anything is sent', async () => {
    for (const name of ['AWS_ACCESS_KEY_ID', 'AWS_SECRET_ACCESS_KEY', 'AWS_PROFILE', 'AWS_WEB_IDENTITY_TOKEN_FILE']) {
      vi.stubEnv(name, undefined);
    }
    for (const name of ['AWS_CONTAINER_CREDENTIALS_RELATIVE_URI', 'AWS_CONTAINER_CREDENTIALS_FULL_URI']) {
      vi.stubEnv(name, undefined);
    }
    for (const name of ['AWS_CONFIG_FILE', 'AWS_SHARED_CREDENTIALS_FILE']) vi.stubEnv(name, '/nonexistent');
    const store = new DynamoDBConversationStore({ tableName: 'holdfast', region: 'eu-west-1' }, { ttlMs: null });
    stores.push(store);
    const { code, message } = await faultOf(store.get(one));
    vi.unstubAllEnvs();
    expect(code).toBe('unavailable');
    expect(message).toMatch(/holdfast in eu-west-1: there are no valid AWS credentials/);
  });

  test('making tables where nobody is says so', async () => {
    const address = { tableName: 'holdfast', region: 'eu-west-1', endpoint: `http://127.0.0.1:${await freePort()}` };
    expect((await faultOf(createTables(address))).code).toBe('unavailable');
  });
});
