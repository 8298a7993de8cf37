import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readFileSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { SQLitePersistenceAdapter } from '@holdfast/gateway';
import type { DynamoDBEngine } from '../support/dynamodb-engine.ts';
import { noDynamoDBLocal, startDynamoDBLocal } from '../support/dynamodb-local.ts';
import { runHoldfast, type Ended } from '../support/holdfast-command.ts';
import { savedRow, startWriter, writeOriginalFile } from '../support/original-file.ts';
import { until } from '../support/until.ts';

const holdfast = fileURLToPath(new URL('../../packages/gateway/bin/holdfast.js', import.meta.url));
const hourMs = 3_600_000;

let dir: string;
let source: string;
let target: string;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'story-'));
  source = join(dir, 'conversations.db');
  target = join(dir, 'store', 'holdfast.db');
});
afterEach(() => rmSync(dir, { recursive: true, force: true }));

/** As Python's isoformat() writes a time so many hours ago. */
const hoursAgo = (hours: number): string =>
  new Date(Date.now() - hours * hourMs).toISOString().replace('Z', '456+00:00');

const conversation = (id: string, fields: Readonly<Record<string, unknown>> = {}) => ({
  ...{ conversation_id: id, user_id: 'gabriel', task_id: 'theme-preference-api', status: 'draft-preview' },
  ...{ created_at: '2025-11-03T12:00:00.123456+00:00', last_activity_at: hoursAgo(1) },
  ...fields,
});

function runImport(...args: readonly string[]): Promise<Ended> {
  return runImportWith({}, ...args);
}

function runImportWith(env: Readonly<Record<string, string>>, ...args: readonly string[]): Promise<Ended> {
  const store = { PERSISTENCE_ADAPTER: 'sqlite', SQLITE_DB_PATH: target, NODE_NO_WARNINGS: '1' };
  return runHoldfast(['conversations', 'import', ...args], { cwd: dir, env: { ...store, ...env } });
}

function openTarget(): SQLitePersistenceAdapter {
  return new SQLitePersistenceAdapter({ dbPath: target });
}

const hashOf = (path: string): string => createHash('sha256').update(readFileSync(path)).digest('hex');

describe('importing a SQLite file of the original', () => {
  test('brings every field over, leaves the file alone, and does nothing twice', async () => {
    const details = {
      task_details: { id: 'T-1', name: 'Theme ☂ preference', type: 'feature' },
      proposed_changes: [{ file: 'a.py', new_content: 'é\u0000\u{1f3d4}\u202e' }],
      preview_message: '## Preview',
      check_results: { all_passed: true, lint: { passed: true, return_code: 0 } },
      draft_pr_payload: { base_branch: 'main' },
      messages: [{ role: 'user', content: 'Hi', at: 0.1 }],
      tokens: 9_007_199_254_740_991,
    };
    const last = hoursAgo(3);
    writeOriginalFile(source, [
      savedRow(conversation('conv-1', { ...details, last_activity_at: last })),
      savedRow(conversation('conv:2', { status: 'needs_clarification', last_activity_at: last.slice(0, 26) })),
    ]);
    const before = hashOf(source);
    const first = await runImport(source);
    expect(first).toMatchObject({ code: 0, stderr: '' });
    expect(first.stdout).toMatch(/^2 imported, 0 already there, 0 conflicts, 0 corrupt\n/);
    expect(first.stdout).toMatch(/status "needs_clarification" became waiting \(1\)/);
    const derived = /"conv:2" became (imported-[0-9a-f]{32})\n/.exec(first.stdout)?.[1] ?? '';

    {
      await using adapter = openTarget();
      expect(await adapter.getConversation('conv-1')).toEqual({
        conversationId: 'conv-1',
        userId: 'gabriel',
        projectId: 'imported',
        agent: 'claude',
        taskId: 'theme-preference-api',
        status: 'draft-preview',
        createdAt: '2025-11-03T12:00:00.123Z',
        lastActivityAt: last.replace('456+00:00', 'Z'),
        version: 1,
        title: '',
        taskDetails: details.task_details,
        proposedChanges: details.proposed_changes,
        previewMessage: details.preview_message,
        checkResults: { allPassed: true, lint: { passed: true, returnCode: 0 } },
        draftPrPayload: details.draft_pr_payload,
        messages: details.messages,
        tokens: details.tokens,
      });
      expect(await adapter.getConversation(derived)).toMatchObject({
        ...{ originalConversationId: 'conv:2', originalStatus: 'needs_clarification' },
        ...{ status: 'waiting', lastActivityAt: last.replace('456+00:00', 'Z') },
      });
      expect(await adapter.listConversations()).toContainEqual(
        expect.objectContaining({ taskName: 'Theme ☂ preference', checksStatus: 'passed', draftPrPayloadExists: true }),
      );
    }
    expect((await runImport(source)).stdout).toMatch(/^0 imported, 2 already there, 0 conflicts, 0 corrupt\n/);
    expect(hashOf(source)).toBe(before);
    expect(readdirSync(dir).sort((a, b) => (a < b ? -1 : 1))).toEqual(['conversations.db', 'store']);
  });

  test('names what is corrupt and what has changed, and imports the others', async () => {
    const fine = savedRow(conversation('fine'));
    writeOriginalFile(source, [fine, savedRow(conversation('changes', { note: 1 }))]);
    await runImport(source);
    rmSync(source);
    const [, user, task, status, , created, active] = fine;
    writeOriginalFile(source, [
      fine,
      savedRow(conversation('changes', { note: 2 })),
      ['broken', user, task, status, '{"messages": [', created, active],
      ['nobody', null, task, status, '{}', created, active],
      ['never', user, task, status, '{}', 'yesterday', active],
      savedRow(conversation('new', { title: '\u001b[31mred' })),
    ]);
    const { code, stdout, stderr } = await runImport(source);
    expect(code).toBe(1);
    expect(stdout).toMatch(/^1 imported, 1 already there, 1 conflict, 3 corrupt\n/);
    const [conflict, ...corrupt] = stderr.trim().split('\n');
    expect(conflict).toMatch(/^conflict: row 2 \("changes"\): .*different: note/);
    expect(corrupt).toEqual([
      'corrupt: row 3 ("broken"): data is not JSON',
      expect.stringMatching(/^corrupt: row 4 \("nobody"\): userId must be/),
      'corrupt: row 5 ("never"): created_at is no time: "yesterday"',
    ]);

    const report = JSON.parse((await runImport(source, '--overwrite', '--json')).stdout) as Record<string, unknown>;
    expect(report).toMatchObject({
      imported: 0,
      updated: 1,
      alreadyThere: 2,
      conflicts: 0,
      corrupt: 3,
      complete: true,
    });
    expect(report['problems']).toHaveLength(3);
    await using adapter = openTarget();
    expect(await adapter.getConversation('changes')).toMatchObject({ note: 2, version: 2 });
  });

  test('first tries, if told so, and then does not even make the store', async () => {
    writeOriginalFile(source, [savedRow(conversation('a'))], { mode: 'wal' });
    const tried = await runImport(source, '--dry-run');
    expect(tried).toMatchObject({ code: 0, stderr: '' });
    expect(tried.stdout).toMatch(/^Dry run: nothing was written.*\n1 imported/);
    expect(existsSync(target)).toBe(false);
    expect((await runImportWith({ PERSISTENCE_ADAPTER: 'memory' }, source, '--dry-run')).code).toBe(0);
  });

  test('skips expired ones with a hint, or takes them as active now', async () => {
    const old = { created_at: '2024-01-01T00:00:00', last_activity_at: '2024-01-02T00:00:00' };
    writeOriginalFile(source, [savedRow(conversation('old', old)), savedRow(conversation('new'))]);
    const skipped = await runImport(source, '--project', 'shop', '--agent', 'codex');
    expect(skipped.code).toBe(0);
    expect(skipped.stdout).toMatch(/^1 imported, .*, 1 expired\n.*--touch/);
    expect((await runImport(source, '--touch', '--project', 'shop', '--agent', 'codex')).stdout).toMatch(
      /^1 imported, 1 already there/,
    );
    await using adapter = openTarget();
    expect(await adapter.listConversations({ projectId: 'shop' })).toMatchObject([
      { conversationId: 'old', createdAt: '2024-01-01T00:00:00.000Z', assignedAgent: 'codex' },
      { conversationId: 'new' },
    ]);
  });

  test('while the original goes on writing, and again after it has ended', async () => {
    const rows = Array.from({ length: 500 }, (_, index) => savedRow(conversation(`c${index}`)));
    writeOriginalFile(source, rows);
    const writer = await startWriter(source);
    const during = await runImport(source);
    await writer.stop();
    expect(during).toMatchObject({ code: 0, stderr: '' });
    expect(during.stdout).toMatch(/^5\d\d imported|^[67]\d\d imported/);
    const after = await runImport(source, '--overwrite');
    expect(after.code).toBe(0);
    expect(after.stdout).toMatch(/ 0 conflicts, 0 corrupt/);
    expect((await runImport(source)).stdout).toMatch(/^0 imported, \d+ already there, 0 conflicts, 0 corrupt\n/);
  });

  test('that is killed again and again has everything once in the end', async () => {
    const rows = Array.from({ length: 4_000 }, (_, index) => savedRow(conversation(`c${index}`, { index })));
    writeOriginalFile(source, rows);
    const env = { PATH: process.env['PATH'] ?? '', HOME: dir, PERSISTENCE_ADAPTER: 'sqlite', SQLITE_DB_PATH: target };
    for (let kill = 1; kill <= 4; kill += 1) {
      const child = spawn(process.execPath, [holdfast, 'conversations', 'import', source], { env, stdio: 'ignore' });
      const ended = once(child, 'exit');
      await reaches(kill * 500);
      child.kill('SIGKILL');
      await ended;
    }
    const { code, stdout } = await runImport(source, '--json');
    const { imported, alreadyThere, conflicts, corrupt } = JSON.parse(stdout) as Record<string, number>;
    expect({ code, conflicts, corrupt }).toEqual({ code: 0, conflicts: 0, corrupt: 0 });
    expect((imported ?? 0) + (alreadyThere ?? 0)).toBe(4_000);
    expect(alreadyThere).toBeGreaterThanOrEqual(2_000);
    await using adapter = openTarget();
    const all = await adapter.listConversations({}, Infinity);
    expect(new Set(all.map(({ conversationId }) => conversationId)).size).toBe(4_000);
    expect(new Set(all.map(({ version }) => version))).toEqual(new Set([1]));
  });
});

/** Until the store has so many conversations. */
async function reaches(count: number): Promise<void> {
  await until('the store', () => existsSync(target) && statSync(target).size > 0);
  await using adapter = openTarget();
  await until(`${count} conversations`, async () => (await adapter.listConversations({}, count)).length >= count);
}

describe('what cannot be imported ends with 2 and one sentence', () => {
  test.each([
    ['no source', () => [], /takes one SOURCE/],
    ['a file that is not there', () => [join(dir, 'none.db')], /There is no file .*none\.db/],
    ['a text', () => [writeText()], /file is not a database/],
    ['an ill-formed table', () => ['dynamodb:a@b@c'], /dynamodb:TABLE\[@REGION\]/],
    ['a project that is none', () => [writeText(), '--project', 'No'], /--project must be/],
    ['an unknown option', () => [writeText(), '--force'], /--force/],
  ])('%s', async (_what, args, message) => {
    const { code, stdout, stderr } = await runImport(...args());
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(stderr).toMatch(message);
    expect(stderr.trim().split('\n')).toHaveLength(1);
  });

  test('the store itself, and a store that would be lost', async () => {
    writeOriginalFile(source, [savedRow(conversation('a'))]);
    const before = hashOf(source);
    const same = await runImportWith({ SQLITE_DB_PATH: source }, source);
    expect(same).toMatchObject({ code: 2, stderr: expect.stringContaining('SQLITE_DB_PATH to another file') });
    expect(hashOf(source)).toBe(before);
    const used = await runHoldfast(['conversations', 'list'], {
      cwd: dir,
      env: { PERSISTENCE_ADAPTER: 'sqlite', SQLITE_DB_PATH: source, NODE_NO_WARNINGS: '1' },
    });
    expect(used).toMatchObject({ code: 2, stderr: expect.stringContaining(`holdfast conversations import ${source}`) });
    expect(hashOf(source)).toBe(before);
    const memory = await runImportWith({ PERSISTENCE_ADAPTER: 'memory' }, source);
    expect(memory).toMatchObject({ code: 2, stderr: expect.stringContaining('PERSISTENCE_ADAPTER') });
  });

  function writeText(): string {
    const path = join(dir, 'diary.txt');
    writeFileSync(path, 'Dear diary, '.repeat(500));
    return path;
  }
});

describe('importing a DynamoDB table of the original', () => {
  const keys = { AWS_ACCESS_KEY_ID: 'local', AWS_SECRET_ACCESS_KEY: 'local' };
  let engine: DynamoDBEngine;
  let env: Record<string, string>;
  beforeAll(async () => {
    if (noDynamoDBLocal !== undefined) return;
    engine = await startDynamoDBLocal();
    env = { DYNAMODB_ENDPOINT: engine.endpoint, ...keys };
    await ask('CreateTable', {
      AttributeDefinitions: [{ AttributeName: 'conversation_id', AttributeType: 'S' }],
      KeySchema: [{ AttributeName: 'conversation_id', KeyType: 'HASH' }],
      BillingMode: 'PAY_PER_REQUEST',
    });
  });
  beforeEach(({ skip }) => skip(noDynamoDBLocal !== undefined, noDynamoDBLocal));
  afterAll(async () => {
    if (noDynamoDBLocal !== undefined) return;
    await engine[Symbol.asyncDispose]();
  });

  /** As the original's boto3 does, without a vendor's client: a local engine looks at no signature. */
  const ask = async (action: string, request: object): Promise<void> => {
    const answer = await fetch(engine.endpoint, {
      method: 'POST',
      headers: {
        'x-amz-target': `DynamoDB_20120810.${action}`,
        'content-type': 'application/x-amz-json-1.0',
        authorization:
          'AWS4-HMAC-SHA256 Credential=local/20260101/us-east-1/dynamodb/aws4_request, SignedHeaders=host, Signature=0',
      },
      body: JSON.stringify({ TableName: 'backend-agent-prod', ...request }),
    });
    if (!answer.ok) throw new Error(`${action}: ${await answer.text()}`);
  };
  const put = (id: string, attributes: Readonly<Record<string, object>>) => {
    const usual = { user_id: { S: 'gabriel' }, task_id: { S: 't' }, status: { S: 'completed' } };
    const times = { created_at: { S: '2025-11-03T12:00:00.123456+00:00' }, last_activity_at: { S: hoursAgo(2) } };
    return ask('PutItem', {
      Item: { conversation_id: { S: id }, ...usual, ...times, ttl: { N: '1999999999' }, ...attributes },
    });
  };

  test('reads native types, JSON in attributes and JSON in one, over many pages', async () => {
    await put('native', {
      task_details: { M: { name: { S: 'Theme' }, steps: { L: [{ N: '1.50' }, { BOOL: true }, { NULL: true }] } } },
      confirmed: { BOOL: false },
      cost: { N: '0.1234567890123456789012345' },
      tags: { SS: ['a', 'b'] },
      raw: { B: 'AQID' },
    });
    await put('text', {
      proposed_changes: { S: '[{"file": "a.py"}]' },
      preview_message: { S: '[not] {json}' },
      note: { S: '{half' },
    });
    await put('one', {
      data: { S: '{"task_details": {"name": "One"}, "status": "waiting", "big": 123456789012345678901}' },
    });
    await put('broken', { data: { S: '{"half' } });
    for (let index = 0; index < 12; index += 1) await put(`large-${index}`, { text: { S: 'x'.repeat(300_000) } });

    const { code, stdout, stderr } = await runImportWith(env, 'dynamodb:backend-agent-prod@us-east-1');
    expect({ code, stderr }).toEqual({ code: 1, stderr: 'corrupt: item "broken": data is not a JSON object\n' });
    expect(stdout).toMatch(/^15 imported, 0 already there, 0 conflicts, 1 corrupt\n.*2 numbers/);
    await using adapter = openTarget();
    expect(await adapter.getConversation('native')).toMatchObject({
      taskDetails: { name: 'Theme', steps: [1.5, true, null] },
      confirmed: false,
      cost: '0.1234567890123456789012345',
      tags: ['a', 'b'],
      raw: 'AQID',
    });
    expect(await adapter.getConversation('native')).not.toHaveProperty('ttl');
    expect(await adapter.getConversation('text')).toMatchObject({
      proposedChanges: [{ file: 'a.py' }],
      previewMessage: '[not] {json}',
      note: '{half',
    });
    expect(await adapter.getConversation('one')).toMatchObject({
      ...{ taskDetails: { name: 'One' }, status: 'completed', big: '123456789012345678901' },
    });
  });

  test('says that there is no such table, that nothing answers, and that it is the store itself', async () => {
    const missing = await runImportWith(env, 'dynamodb:nowhere');
    expect(missing).toMatchObject({ code: 2, stderr: expect.stringContaining('There is no DynamoDB table nowhere') });
    const same = { ...env, PERSISTENCE_ADAPTER: 'dynamodb', DYNAMODB_TABLE_NAME: 'backend-agent-prod' };
    expect(await runImportWith(same, 'dynamodb:backend-agent-prod')).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('DYNAMODB_TABLE_NAME to another table'),
    });
    const away = { ...env, DYNAMODB_ENDPOINT: 'http://127.0.0.1:9' };
    expect(await runImportWith(away, 'dynamodb:backend-agent-prod')).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('does not answer'),
    });
  });

  test('goes into a DynamoDB store as well as into a file', async () => {
    writeOriginalFile(source, [savedRow(conversation('a')), savedRow(conversation('b'))]);
    const { tableName, region } = await engine.createTables('import');
    const store = { ...env, PERSISTENCE_ADAPTER: 'dynamodb', DYNAMODB_TABLE_NAME: tableName, DYNAMODB_REGION: region };
    expect((await runImportWith(store, source)).stdout).toMatch(/^2 imported/);
    expect((await runImportWith(store, source)).stdout).toMatch(/^0 imported, 2 already there/);
  });
});
