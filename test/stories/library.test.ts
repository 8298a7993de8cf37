import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { noDynamoDBLocal, startDynamoDBLocal } from '../support/dynamodb-local.ts';
import type { DynamoDBEngine } from '../support/dynamodb-engine.ts';

const repository = fileURLToPath(new URL('../..', import.meta.url));
const page = readFileSync(join(repository, 'docs', 'library.md'), 'utf8');
/** The page's programs, each with what it prints. */
const programs = [...page.matchAll(/```ts\n(?<source>.*?)```\n\n```text\n(?<output>.*?)```/gs)].map(
  ({ groups: { source = '', output = '' } = {} }) => ({ source, output }),
);

let dir: string;
let engine: DynamoDBEngine | undefined;
beforeAll(async () => {
  dir = mkdtempSync(join(tmpdir(), 'stranger-'));
  mkdirSync(join(dir, 'node_modules', '@holdfast'), { recursive: true });
  symlinkSync(join(repository, 'packages', 'gateway'), join(dir, 'node_modules', '@holdfast', 'gateway'));
  writeFileSync(join(dir, 'package.json'), '{"type": "module"}');
  programs.forEach(({ source }, index) => writeFileSync(join(dir, `program-${index}.ts`), source));
  if (noDynamoDBLocal === undefined) engine = await startDynamoDBLocal();
});
afterAll(async () => {
  rmSync(dir, { recursive: true });
  await engine?.[Symbol.asyncDispose]();
});

type Ended = { readonly code: number | null; readonly stdout: string; readonly stderr: string };

async function run(args: readonly string[], env: Readonly<Record<string, string>> = {}): Promise<Ended> {
  const child = spawn(process.execPath, [...args], {
    cwd: dir,
    env: { PATH: process.env['PATH'] ?? '', HOME: dir, NODE_NO_WARNINGS: '1', ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
    timeout: 60_000,
    killSignal: 'SIGKILL',
  });
  const [stdout, stderr] = await Promise.all([text(child.stdout), text(child.stderr), once(child, 'close')]);
  return { code: child.exitCode, stdout, stderr };
}

const evaluate = (source: string, env: Readonly<Record<string, string>> = {}): Promise<Ended> =>
  run(['--input-type=module', '-e', source], env);

describe('the programs of docs/library.md', () => {
  test('are three', () => {
    expect(programs).toHaveLength(3);
  });

  test('are right for a stranger’s compiler', async () => {
    const options = ['--strict', '--noEmit', '--module', 'nodenext', '--target', 'es2024', '--skipLibCheck'];
    const types = ['--lib', 'esnext', '--types', 'node', '--typeRoots', join(repository, 'node_modules', '@types')];
    const tsc = join(repository, 'node_modules', 'typescript', 'bin', 'tsc');
    const files = programs.map((_, index) => `program-${index}.ts`);
    expect(await run([tsc, ...options, ...types, ...files])).toEqual({ code: 0, stdout: '', stderr: '' });
  });

  describe.each(['memory', 'sqlite', 'dynamodb'] as const)('with PERSISTENCE_ADAPTER=%s', (name) => {
    test('print what the page says', async ({ skip }) => {
      skip(name === 'dynamodb' && noDynamoDBLocal !== undefined, noDynamoDBLocal);
      for (const [index, { output }] of programs.entries()) {
        const env = await environmentOf(name);
        expect(await run([`program-${index}.ts`], env)).toEqual({ code: 0, stdout: output, stderr: '' });
      }
    });
  });
});

async function environmentOf(name: 'memory' | 'sqlite' | 'dynamodb'): Promise<Record<string, string>> {
  if (name === 'dynamodb') {
    const { tableName, region, endpoint } = await (engine as DynamoDBEngine).createTables('library');
    const keys = { AWS_ACCESS_KEY_ID: 'local', AWS_SECRET_ACCESS_KEY: 'local' };
    const place = { DYNAMODB_TABLE_NAME: tableName, DYNAMODB_REGION: region, DYNAMODB_ENDPOINT: endpoint };
    return { PERSISTENCE_ADAPTER: name, ...place, ...keys };
  }
  return name === 'sqlite'
    ? { PERSISTENCE_ADAPTER: name, SQLITE_DB_PATH: join(mkdtempSync(join(dir, 'store-')), 'new', 'store.db') }
    : { PERSISTENCE_ADAPTER: name };
}

describe('the package', () => {
  test('exports what the contract names, and nothing that nobody promised', async () => {
    const { stdout } = await evaluate(`console.log(Object.keys(await import('@holdfast/gateway')).sort().join(' '))`);
    expect(stdout.trim().split(' ')).toEqual([
      'DynamoDBPersistenceAdapter',
      'HoldfastError',
      'MemoryPersistenceAdapter',
      'RetryConfig',
      'RetryError',
      'RetryableGitHubClient',
      'SQLitePersistenceAdapter',
      'TokenPool',
      'createPersistenceAdapter',
      'readConfig',
      'retryWithBackoff',
      'startGateway',
    ]);
  });

  test('refuses an unknown adapter with the list, from the program and from the environment', async () => {
    const source = (given: string) => `
      import { createPersistenceAdapter } from '@holdfast/gateway';
      try { createPersistenceAdapter(${given}); } catch ({ code, message }) { console.log(code, message); }`;
    const named = await evaluate(source(`'mongo'`));
    expect(named.stdout).toBe(
      'bad_message There is no persistence adapter "mongo"; it is one of memory, sqlite, dynamodb.\n',
    );
    const configured = await evaluate(source(''), { PERSISTENCE_ADAPTER: 'mongo', CONVERSATION_TTL_HOURS: 'x' });
    expect(configured.stdout).toMatch(/PERSISTENCE_ADAPTER must be one of memory, sqlite, dynamodb, and is "mongo"/);
    expect(configured.stdout).toContain('CONVERSATION_TTL_HOURS');
    const passed = await evaluate(source(`undefined, { env: { PERSISTENCE_ADAPTER: 'redis' } }`), {
      PERSISTENCE_ADAPTER: 'memory',
    });
    expect(passed.stdout).toContain('"redis"');
  });

  test('loads the AWS SDK only for who uses DynamoDB', async () => {
    const source = `
      import { registerHooks } from 'node:module';
      const loaded = new Set();
      registerHooks({ resolve: (name, context, next) => { if (name.startsWith('@aws-sdk/')) loaded.add(name); return next(name, context); } });
      const { MemoryPersistenceAdapter, DynamoDBPersistenceAdapter } = await import('@holdfast/gateway');
      await new MemoryPersistenceAdapter().saveConversation({ conversationId: 'a', userId: 'b', status: 'waiting' });
      const adapter = new DynamoDBPersistenceAdapter({ endpoint: 'http://127.0.0.1:9' });
      console.log(loaded.size);
      await adapter.check().catch(({ code }) => console.log(code, loaded.size > 0));
      await adapter.close();`;
    expect(await evaluate(source)).toEqual({ code: 0, stdout: '0\nunavailable true\n', stderr: '' });
  });

  test('shares an SQLite file between processes that overwrite one conversation at once, and loses no save', async () => {
    const path = join(dir, 'shared.db');
    const source = `
      import { SQLitePersistenceAdapter } from '@holdfast/gateway';
      await using adapter = new SQLitePersistenceAdapter({ dbPath: ${JSON.stringify(path)} });
      const input = { conversationId: 'one', userId: 'ada', status: 'waiting' };
      for (let turn = 0; turn < 100; turn += 1) {
        console.log((await adapter.saveConversation({ ...input, turn }, { overwrite: true })).version);
      }`;
    const ended = await Promise.all(Array.from({ length: 4 }, () => evaluate(source)));
    expect(ended.map(({ code, stderr }) => [code, stderr])).toEqual(Array.from({ length: 4 }, () => [0, '']));
    const versions = ended.flatMap(({ stdout }) => stdout.trim().split('\n').map(Number)).sort((a, b) => a - b);
    expect(versions).toEqual(Array.from({ length: 400 }, (_, index) => index + 1));
  });
});
