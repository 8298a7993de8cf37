import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { RetryableGitHubClient } from '../pulls/client/retryable-github-client.ts';
import { quick, shop } from '../pulls/client/testing/client-of.ts';
import { json, plain, startScriptedGitHub } from '../pulls/client/testing/scripted-github.ts';
import { TokenPool } from '../pulls/tokens/token-pool.ts';
import { MemoryPersistenceAdapter } from './memory-adapter.ts';
import type { PersistenceAdapter } from './persistence-adapter.ts';
import { SQLitePersistenceAdapter } from './sqlite-adapter.ts';

const repository = 'GET /repos/{owner}/{repo}';

let dir: string;
beforeAll(() => {
  dir = mkdtempSync(join(tmpdir(), 'entries-'));
});
afterAll(() => rmSync(dir, { recursive: true }));

describe('clients that share the entries of an adapter', () => {
  test('on one file are both held by what one of them hears of a limit', async () => {
    await using github = await startScriptedGitHub(plain(429, { 'retry-after': '3600' }), json({ id: 7 }));
    const clientOf = ({ entries }: PersistenceAdapter, token: string): RetryableGitHubClient =>
      new RetryableGitHubClient({ entries, tokenPool: new TokenPool([token]), config: quick, baseUrl: github.url });
    await using here = new SQLitePersistenceAdapter({ dbPath: join(dir, 'shared.db') });
    await using there = new SQLitePersistenceAdapter({ dbPath: join(dir, 'shared.db') });
    await using limited = clientOf(here, 'ghp_one');
    await expect(limited.request(repository, shop)).rejects.toMatchObject({ code: 'rate_limit', attempts: 1 });
    // What it heard is in the store now.
    await limited[Symbol.asyncDispose]();

    await using held = clientOf(there, 'ghp_one');
    await expect(held.request(repository, shop)).rejects.toMatchObject({ code: 'rate_limit', attempts: 0 });
    expect(github.arrived).toHaveLength(1);
    await using free = clientOf(there, 'ghp_two');
    expect(await free.request(repository, shop)).toMatchObject({ data: { id: 7 } });
  });

  test('of an adapter that is closed are told so by the entries, and go on by themselves', async () => {
    await using github = await startScriptedGitHub(json({ id: 7 }));
    const adapter = new MemoryPersistenceAdapter();
    await adapter.close();
    await expect(adapter.entries.readEntry('github/any')).rejects.toMatchObject({ code: 'unavailable' });
    const heard: string[] = [];
    const tokenPool = new TokenPool(['ghp_one'], { onWarning: ({ kind }) => heard.push(kind) });
    const { entries } = adapter;
    await using client = new RetryableGitHubClient({ entries, tokenPool, config: quick, baseUrl: github.url });
    expect(await client.request(repository, shop)).toMatchObject({ data: { id: 7 } });
    expect(heard).toEqual(['not_shared']);
  });
});
