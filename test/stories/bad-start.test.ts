import { spawn } from 'node:child_process';
import { createServer, type AddressInfo, type Server } from 'node:net';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { shippedAgent } from '../support/agent-process.ts';

const holdfast = fileURLToPath(new URL('../../packages/gateway/bin/holdfast.js', import.meta.url));

let dir: string;
let taken: Server;
beforeAll(async () => {
  dir = mkdtempSync(join(tmpdir(), 'story-'));
  mkdirSync(join(dir, 'home'));
  taken = createServer().listen(0, '127.0.0.1');
  await once(taken, 'listening');
});
afterAll(() => {
  taken.close();
  rmSync(dir, { recursive: true });
});

type Ended = { readonly code: number | null; readonly stdout: string; readonly stderr: string };

/** Runs a command to its end; one that does not end within ten seconds is killed, and its code is null. */
async function run(file: string, args: readonly string[], env: Readonly<Record<string, string>> = {}): Promise<Ended> {
  const child = spawn(process.execPath, [file, ...args], {
    cwd: dir,
    env: { PATH: process.env['PATH'] ?? '', HOME: join(dir, 'home'), PORT: '0', ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
    timeout: 10_000,
    killSignal: 'SIGKILL',
  });
  const [stdout, stderr] = await Promise.all([text(child.stdout), text(child.stderr), once(child, 'close')]);
  return { code: child.exitCode, stdout, stderr };
}

const serve = (env: Readonly<Record<string, string>>, ...args: readonly string[]): Promise<Ended> =>
  run(holdfast, ['serve', ...args], env);
/** One sentence, or a list of faults under one: no stack, no dump, nobody's own words for it. */
function expectSentence(stderr: string): void {
  expect(stderr).toMatch(/^\S[^\n]*\n(  \S[^\n]*\n)*$/);
  expect(stderr).not.toMatch(/\n\s+at |node:internal|\[object|undefined|LOG_LEVEL=debug/);
}

describe('holdfast serve with a wrong environment', () => {
  test('names every fault at once and ends with 2', async () => {
    const config = join(dir, 'faulty.yaml');
    writeFileSync(
      config,
      'projects:\n  - { id: "No!", workspace: {} }\n  - { id: ok, workspace: { local: "${NOT_SET}" } }\n',
    );
    const { code, stdout, stderr } = await serve({
      HOST: '0.0.0.0',
      PORT: '70000',
      PERSISTENCE_ADAPTER: 'mongo',
      LOG_LEVEL: 'loud',
      LOG_FORMAT: 'xml',
      QUERY_TIMEOUT_MS: 'soon',
      AUTH_TOKENS: 'ada',
      HOLDFAST_CONFIG: config,
    });
    expect(code).toBe(2);
    expect(stdout).toBe('');
    expectSentence(stderr);
    const faults = [
      'PORT',
      'PERSISTENCE_ADAPTER',
      'LOG_LEVEL',
      'LOG_FORMAT',
      'QUERY_TIMEOUT_MS',
      'AUTH_TOKENS',
      'HOST',
    ];
    for (const name of faults) expect(stderr).toMatch(new RegExp(`^  ${name} `, 'm'));
    for (const place of ['projects.0.id', 'projects.0.workspace', 'NOT_SET']) expect(stderr).toContain(place);
  });

  test('a port in use: one sentence that names it, and 2', async () => {
    const { port } = taken.address() as AddressInfo;
    const { code, stderr } = await serve({ PORT: String(port) });
    expect([code, stderr]).toEqual([2, `Port ${port} on 127.0.0.1 is in use; stop who uses it or set PORT.\n`]);
  });

  test.each([
    ['a host that is not of this machine', { HOST: '192.0.2.1', AUTH_TOKENS: 'a:b' }, /192\.0\.2\.1.*HOST/],
    ['a host that is no name', { HOST: 'no.such.host.invalid', AUTH_TOKENS: 'a:b' }, /no\.such\.host\.invalid.*HOST/],
    ['a file that is not there', { HOLDFAST_CONFIG: '/nowhere/holdfast.yaml' }, /HOLDFAST_CONFIG \/nowhere/],
    ['a folder instead of a file', { HOLDFAST_CONFIG: tmpdir() }, /HOLDFAST_CONFIG/],
    ['a database below a file', { PERSISTENCE_ADAPTER: 'sqlite', SQLITE_DB_PATH: '/dev/null/x.db' }, /SQLITE_DB_PATH/],
    ['a state folder below a file', { HOLDFAST_STATE_DIR: '/dev/null/state' }, /HOLDFAST_STATE_DIR/],
  ])('%s: one sentence, and 2', async (_name, env, sentence) => {
    const { code, stdout, stderr } = await serve({ LOG_LEVEL: 'silent', ...env });
    expect(code).toBe(2);
    expect(stdout).toBe('');
    expectSentence(stderr);
    expect(stderr).toMatch(sentence);
  });

  test('a database that is a symbolic link: refused', async () => {
    const link = join(dir, 'link.db');
    symlinkSync(join(dir, 'elsewhere.db'), link);
    const { code, stderr } = await serve({ PERSISTENCE_ADAPTER: 'sqlite', SQLITE_DB_PATH: link });
    expect(code).toBe(2);
    expect(stderr).toMatch(/symbolic link/);
  });

  test.each([
    ['a directory that is not there', ['nowhere'], /nowhere/],
    ['a file', [holdfast], /holdfast\.js/],
    ['two directories', ['a', 'b'], /one directory/],
    ['an option that is not known', ['--fast'], /--fast.*serve --help/],
  ])('%s: one sentence, and 2', async (_name, args, sentence) => {
    const { code, stderr } = await serve({ LOG_LEVEL: 'silent' }, ...args);
    expect(code).toBe(2);
    expectSentence(stderr);
    expect(stderr).toMatch(sentence);
  });
});

describe('every command', () => {
  const commands = [
    ['holdfast', holdfast, ['serve', 'chat', 'check', 'conversations', 'doctor']],
    ['holdfast-agent', shippedAgent, ['run', 'check', 'attach', 'link', 'agents']],
  ] as const;
  const each = commands.flatMap(([program, file, names]) => names.map((name) => [program, name, file] as const));

  test.each(each)('%s %s has --help and --version', async (program, name, file) => {
    const help = await run(file, [name, '--help']);
    expect(help).toMatchObject({ code: 0, stderr: '' });
    expect(help.stdout).toMatch(new RegExp(`^Usage: ${program} ${name}`));
    const version = await run(file, [name, '--version']);
    expect(version).toMatchObject({ code: 0, stderr: '', stdout: expect.stringMatching(/^\d+\.\d+\.\d+\n$/) });
  });

  test.each(each)('%s %s refuses an option that it does not know, in one sentence', async (_program, name, file) => {
    const { code, stdout, stderr } = await run(file, [name, '--no-such-option']);
    expect([code, stdout]).toEqual([2, '']);
    expect(stderr).toMatch(/^[^\n]*--no-such-option[^\n]*\n$/);
  });

  test.each(commands)(
    '%s has --help and --version, lists its commands and knows no other',
    async (program, file, names) => {
      const help = await run(file, ['--help']);
      expect(help).toMatchObject({ code: 0, stderr: '' });
      expect(help.stdout).toMatch(new RegExp(`^Usage: ${program} COMMAND`));
      for (const name of names) expect(help.stdout).toMatch(new RegExp(`^  ${name} `, 'm'));
      expect((await run(file, ['--version'])).stdout).toMatch(/^\d+\.\d+\.\d+\n$/);
      for (const name of ['dance', 'constructor', '--dance']) {
        const { code, stdout, stderr } = await run(file, [name]);
        expect([code, stdout]).toEqual([2, '']);
        expect(stderr).toMatch(new RegExp(`^[^\\n]*"${name}"[^\\n]*${program} --help[^\\n]*\\n$`));
      }
    },
  );

  test.each([
    [['run'], /which agent|AGENT|agent/i],
    [['run', 'nobody'], /There is no agent "nobody"/],
    [['run', 'demo', '--cwd', '/nowhere'], /\/nowhere/],
    [['attach'], /--session/],
    [['attach', '--session', '../x', '--agent', 'demo'], /session/i],
  ])('holdfast-agent %j: one sentence, and 2', async (args, sentence) => {
    const { code, stderr } = await run(shippedAgent, args);
    expect(code).toBe(2);
    expect(stderr).toMatch(/^[^\n]*\n$/);
    expect(stderr).toMatch(sentence);
  });

  test('holdfast chat with nobody to talk to: one sentence, and 2', async () => {
    const { code, stderr } = await run(holdfast, ['chat', '--url', 'http://127.0.0.1:9']);
    expect(code).toBe(2);
    expect(stderr).toMatch(/^[^\n]*127\.0\.0\.1:9[^\n]*\n$/);
  });
});
