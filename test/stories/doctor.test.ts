import { chmodSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { startDynalite } from '../support/dynalite.ts';
import { freePort } from '../support/free-port.ts';
import { TestGateway } from '../support/gateway.ts';
import { runHoldfast } from '../support/holdfast-command.ts';
import { startEmulate } from '../support/github/emulate.ts';
import { startSshd, sshdMissing, type TestSshd } from '../support/sshd.ts';
import { TestViewer } from '../support/viewer.ts';

let dir: string;
let env: Record<string, string>;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'story-'));
  mkdirSync(join(dir, 'shop'));
  env = { PERSISTENCE_ADAPTER: 'sqlite', SQLITE_DB_PATH: join(dir, 'store', 'holdfast.db') };
});
afterEach(() => rmSync(dir, { recursive: true, force: true }));

type Finding = { readonly part: string; readonly state: string; readonly message: string };

/** What the doctor finds, by part, and what it ends with. */
async function examine(...args: readonly string[]) {
  const { code, stdout, stderr } = await runHoldfast(['doctor', '--json', ...args], { cwd: dir, env });
  const findings = stdout.split('\n').flatMap((line) => (line === '' ? [] : [JSON.parse(line) as Finding]));
  return { code, stderr, ...Object.fromEntries(findings.map(({ part, ...rest }) => [part, rest])) };
}
function configure(...projects: readonly object[]): void {
  env['HOLDFAST_CONFIG'] = join(dir, 'holdfast.yaml');
  // JSON is YAML.
  writeFileSync(env['HOLDFAST_CONFIG'], JSON.stringify({ projects }));
}
const local = (path = join(dir, 'shop')) => ({ id: 'shop', members: ['*'], workspace: { local: path } });

describe('holdfast doctor', () => {
  test('says of each part that it is well, and ends with 0', async () => {
    configure(local());
    const found = await examine();
    expect(found).toMatchObject({
      ...{ code: 0, stderr: '' },
      configuration: { state: 'ok', message: expect.stringContaining('project shop') },
      persistence: {
        state: 'ok',
        message: expect.stringMatching(/SQLite .*holdfast\.db: written, read back and deleted/),
      },
      redis: { state: 'skipped', message: 'REDIS_URL is not set' },
      github: { state: 'skipped', message: 'no project has a repo, and GITHUB_TOKEN is not set' },
      'project shop': { state: 'ok', message: expect.stringContaining('is there and writable') },
      'agents of shop': { state: 'ok', message: expect.stringMatching(/demo \d+\.\d+\.\d+/) },
    });
  });

  test('is a line for each part, for people', async () => {
    const { code, stdout, stderr } = await runHoldfast(['doctor', 'shop'], { cwd: dir, env });
    expect([code, stderr]).toEqual([0, '']);
    const lines = stdout.trimEnd().split('\n');
    expect(lines.map((line) => line.slice(0, line.indexOf(':')))).toEqual([
      'ok       configuration',
      'ok       persistence',
      'skipped  redis',
      'skipped  github',
      'ok       project shop',
      'ok       agents of shop',
    ]);
  });

  test('leaves nothing that a user could see, beside a gateway that runs', async () => {
    const gateway = await TestGateway.start({ dir });
    const viewer = await TestViewer.open({ url: gateway.url, query: { conversation: 'new' } });
    try {
      const turn = viewer.turn('stream 300 5');
      configure(local());
      for (let times = 0; times < 3; times++)
        expect(await examine()).toMatchObject({ code: 0, persistence: { state: 'ok' } });
      expect(await turn).toMatchObject({ reason: 'completed' });
      const headers = { Authorization: 'Bearer ada-token' };
      const answer = await fetch(`${gateway.url}/api/conversations`, { headers });
      expect(((await answer.json()) as { conversations: unknown[] }).conversations).toHaveLength(1);
      const { stdout } = await runHoldfast(['conversations', 'list', '--all'], { cwd: dir, env });
      expect(stdout.trimEnd().split('\n')).toHaveLength(1);
    } finally {
      viewer.ws.terminate();
      await gateway.end();
    }
  });

  test('lists every fault of the configuration, looks at the rest all the same, and ends with 2', async () => {
    env = { ...env, PORT: 'x', HOLDFAST_CONFIG: join(dir, 'nowhere.yaml') };
    expect(await examine()).toMatchObject({
      code: 2,
      configuration: { state: 'failed', message: expect.stringMatching(/PORT[^]*nowhere\.yaml/) },
      persistence: { state: 'ok' },
      projects: { state: 'skipped' },
    });
    env = { PERSISTENCE_ADAPTER: 'mongo' };
    expect(await examine()).toMatchObject({
      ...{ code: 2, configuration: { state: 'failed' }, persistence: { state: 'skipped' } },
    });
  });

  test('says that a store cannot be used, and ends with 1', async () => {
    env['SQLITE_DB_PATH'] = '/dev/null/holdfast.db';
    configure(local());
    expect(await examine()).toMatchObject({
      ...{ code: 1, 'project shop': { state: 'ok' } },
      persistence: { state: 'failed', message: expect.stringContaining('SQLITE_DB_PATH') },
    });
  });

  test('takes a database that is none for what it is', async () => {
    mkdirSync(join(dir, 'store'));
    writeFileSync(env['SQLITE_DB_PATH'] ?? '', 'this is no database'.repeat(1_000));
    configure(local());
    expect(await examine()).toMatchObject({ code: 1, persistence: { state: 'failed' } });
  });

  test.each([
    ['is not there', (): string => join(dir, 'nowhere'), /nowhere is not there; make it/],
    ['is a file', (): string => join(dir, 'holdfast.yaml'), /is not a directory/],
  ])('says that a project’s directory %s, and ends with 1', async (_name, path, sentence) => {
    configure(local(path()));
    const found = await examine();
    expect(found).toMatchObject({
      code: 1,
      'project shop': { state: 'failed', message: expect.stringMatching(sentence) },
    });
    expect(found).not.toHaveProperty('agents of shop');
  });

  test('says that a project allows no agent that is there', async () => {
    configure({ ...local(), agents: ['claude'] });
    env['PATH'] = '/nowhere';
    expect(await examine()).toMatchObject({
      code: 1,
      'agents of shop': { state: 'failed', message: expect.stringMatching(/claude not found \(npm install/) },
    });
  });

  test.each([
    [['--create-tables'], /PERSISTENCE_ADAPTER=dynamodb; it is sqlite/],
    [['nowhere'], /nowhere is not a directory/],
    [['a', 'b'], /one directory/],
    [['--fast'], /--fast.*doctor --help/],
  ])('with %j ends with 2 and the way out', async (args, sentence) => {
    const { code, stdout, stderr } = await runHoldfast(['doctor', ...args], { cwd: dir, env });
    expect([code, stdout]).toEqual([2, '']);
    expect(stderr).toMatch(sentence);
    expect(stderr).not.toMatch(/\n\s+at |LOG_LEVEL/);
  });
});

describe('holdfast doctor of DynamoDB', () => {
  const useEndpoint = (endpoint: string): void => {
    env = {
      ...{ PERSISTENCE_ADAPTER: 'dynamodb', DYNAMODB_ENDPOINT: endpoint, DYNAMODB_TABLE_NAME: 'talks' },
      ...{ AWS_ACCESS_KEY_ID: 'key', AWS_SECRET_ACCESS_KEY: 'not-a-secret' },
    };
    configure(local());
  };

  test(
    'names the tables that are missing, makes them when it is told to, and probes them',
    { timeout: 120_000 },
    async () => {
      await using engine = await startDynalite();
      useEndpoint(engine.endpoint);
      expect(await examine()).toMatchObject({
        code: 1,
        'table talks': { state: 'failed', message: expect.stringContaining('--create-tables') },
        'table talks-messages': { state: 'failed' },
        'project shop': { state: 'ok' },
      });
      expect(await examine('--create-tables')).toMatchObject({
        code: 0,
        'table talks': { state: 'ok', message: 'made' },
        'table talks-messages': { state: 'ok', message: 'made' },
        persistence: {
          state: 'ok',
          message: expect.stringMatching(/DynamoDB talks at http.*written, read back and deleted/),
        },
      });
      expect(await examine('--create-tables')).toMatchObject({
        code: 0,
        'table talks': { state: 'ok', message: 'is there' },
      });
      const { code, stdout } = await runHoldfast(['conversations', 'list', '--all'], { cwd: dir, env });
      expect([code, stdout]).toEqual([0, '']);
    },
  );

  test('says that nobody answers there', { timeout: 120_000 }, async () => {
    useEndpoint(`http://127.0.0.1:${await freePort()}`);
    expect(await examine()).toMatchObject({ code: 1, tables: { state: 'failed' }, 'project shop': { state: 'ok' } });
  });
});

describe('holdfast doctor of a project on another machine', () => {
  let sshd: TestSshd;
  beforeEach(async ({ skip }) => {
    skip(sshdMissing !== undefined, sshdMissing);
    sshd = await startSshd();
    mkdirSync(join(sshd.home, 'code'));
  });
  afterEach(async () => {
    if (sshdMissing === undefined) await sshd.stop();
  });
  function remote(rest: object = {}): object {
    const { host, port, user, identityFile, knownHosts, home } = sshd;
    const ssh = { host, port, user, identityFile, knownHosts, path: join(home, 'code'), ...rest };
    return { id: 'shop', members: ['*'], workspace: { ssh } };
  }

  test('reaches it as a session would, and finds the directory and the agents there', async () => {
    configure(remote());
    expect(await examine()).toMatchObject({
      code: 0,
      'project shop': {
        state: 'ok',
        message: expect.stringMatching(/127\.0\.0\.1:\d+ answers, .*code is there and writable/),
      },
      'agents of shop': { state: 'ok', message: expect.stringMatching(/demo \d/) },
    });
    expect(readdirSync(join(sshd.home, '.holdfast')).some((name) => name.startsWith('holdfast-agent-'))).toBe(true);
  });

  test('goes by the pinned host key where there is one', async () => {
    const nobody = join(dir, 'known_hosts');
    writeFileSync(nobody, '');
    configure(remote({ knownHosts: nobody, hostKey: sshd.hostKeyFingerprint }));
    expect(await examine()).toMatchObject({ code: 0, 'project shop': { state: 'ok' } });
    configure(remote({ knownHosts: nobody }));
    expect(await examine()).toMatchObject({
      code: 1,
      'project shop': { state: 'failed', message: expect.stringContaining(sshd.hostKeyFingerprint) },
    });
  });

  test('says that a directory is not there, or may not be written to', async () => {
    configure(remote({ path: join(sshd.home, 'it is not "here"') }));
    expect(await examine()).toMatchObject({
      code: 1,
      'project shop': { state: 'failed', message: expect.stringContaining('is not a directory there') },
    });
    chmodSync(join(sshd.home, 'code'), 0o500);
    configure(remote());
    const found = await examine();
    // Root may write anywhere.
    expect(found.code).toBe(process.getuid?.() === 0 ? 0 : 1);
  });

  test('says that nobody listens there', async () => {
    await sshd.down();
    configure(remote());
    expect(await examine()).toMatchObject({
      code: 1,
      'project shop': { state: 'failed', message: expect.stringContaining('127.0.0.1') },
    });
  });
});

describe('what the doctor says of GitHub', () => {
  test('is who each token acts as and what is left of it, and where drafts may go', { timeout: 300_000 }, async () => {
    await using github = await startEmulate({ users: 2 });
    env['GITHUB_API_URL'] = github.url;
    env['GITHUB_API_TOKEN_POOL'] = github.tokens.join(',');
    env['GITHUB_APP_ID'] = String(github.app.appId);
    env['GITHUB_APP_PRIVATE_KEY'] = github.app.privateKey;
    configure({ ...local(), repo: 'acme/shop' }, { ...local(), id: 'lost', repo: 'acme/lost' });
    const found = await examine();
    expect(found).toMatchObject({
      code: 1,
      'github app': { state: 'ok', message: 'installed at acme' },
      'github token-1': { state: 'ok', message: expect.stringMatching(/^acts as user-1, \d+ of 5000 requests/) },
      'github token-2': { state: 'ok', message: expect.stringMatching(/^acts as user-2, /) },
      'project shop drafts': { state: 'ok', message: 'to acme/shop, onto main' },
      'project lost drafts': { state: 'failed', message: expect.stringContaining('acme/lost') },
    });
    for (const token of github.tokens) expect(JSON.stringify(found)).not.toContain(token);
  });

  test('is that nobody listens there, or that a project wants drafts and there is no token', async () => {
    configure({ ...local(), repo: 'acme/shop' });
    expect(await examine()).toMatchObject({
      ...{ code: 1, 'project shop drafts': { state: 'failed', message: expect.stringContaining('GITHUB_TOKEN') } },
    });
    env['GITHUB_API_URL'] = `http://127.0.0.1:${await freePort()}`;
    env['GITHUB_TOKEN'] = 'ghp_hush';
    const found = await examine();
    expect(found).toMatchObject({ code: 1, 'github token-1': { state: 'failed' } });
    expect(JSON.stringify(found)).not.toContain('ghp_hush');
  });
});
