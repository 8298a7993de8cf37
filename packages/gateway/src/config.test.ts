import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { inspect } from 'node:util';
import { afterAll, describe, expect, test } from 'vitest';
import { isLoopback, readConfig, readStoreConfig } from './config.ts';

const folder = mkdtempSync(join(tmpdir(), 'holdfast-config-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
let count = 0;

function fileWith(yaml: string): string {
  const file = join(folder, `${count++}.yaml`);
  writeFileSync(file, yaml);
  return file;
}

function faultOf(env: Record<string, string>): string {
  try {
    readConfig(env);
  } catch (error) {
    return (error as Error).message;
  }
  return '';
}

describe('the configuration', () => {
  test('has the documented defaults', () => {
    expect(readConfig({}, { directory: '/srv/My Shop' })).toMatchObject({
      host: '127.0.0.1',
      port: 8787,
      store: { kind: 'memory' },
      logLevel: 'info',
      logFormat: 'json',
      queryTimeoutMs: 300_000,
      projects: [
        { id: 'my-shop', name: 'My Shop', members: ['*'], workspace: { kind: 'local', path: '/srv/My Shop' } },
      ],
    });
    expect(readConfig({ PERSISTENCE_ADAPTER: 'sqlite' }).store).toEqual({
      kind: 'sqlite',
      path: '/tmp/backend_agent_conversations.db',
    });
  });

  test('reports every fault at once, by name and with what would be right', () => {
    const fault = faultOf({ PORT: 'x', PERSISTENCE_ADAPTER: 'mongo', LOG_FORMAT: 'xml', AUTH_TOKENS: 'ada' });
    expect(fault).toMatch(/PORT must be a whole number from 0 to 65535, and is "x"/);
    expect(fault).toMatch(/PERSISTENCE_ADAPTER must be one of memory, sqlite/);
    expect(fault).toMatch(/LOG_FORMAT must be one of json, pretty/);
    expect(fault).toMatch(/AUTH_TOKENS must be/);
  });

  test('keeps a week unless it is told how long, and for ever at 0', () => {
    expect(readConfig({}).conversationTtlMs).toBe(168 * 3_600_000);
    expect(readConfig({ CONVERSATION_TTL_HOURS: '2' }).conversationTtlMs).toBe(7_200_000);
    expect(readConfig({ CONVERSATION_TTL_HOURS: '0' }).conversationTtlMs).toBeNull();
    expect(faultOf({ CONVERSATION_TTL_HOURS: '-1' })).toMatch(/CONVERSATION_TTL_HOURS must be a whole number/);
  });

  test('of the store can be read alone, whatever is wrong with the rest', () => {
    const env = { PORT: 'x', HOLDFAST_CONFIG: '/nowhere.yaml', PERSISTENCE_ADAPTER: 'dynamodb' };
    const store = { kind: 'dynamodb', tableName: 'backend-agent-conversations', region: 'us-east-1' };
    expect(readStoreConfig(env)).toEqual({ store, conversationTtlMs: 168 * 3_600_000 });
    const wrong = { ...env, DYNAMODB_TABLE_NAME: 'a b', DYNAMODB_ENDPOINT: 'here', CONVERSATION_TTL_HOURS: 'x' };
    for (const name of ['DYNAMODB_TABLE_NAME', 'DYNAMODB_ENDPOINT', 'CONVERSATION_TTL_HOURS']) {
      expect(() => readStoreConfig(wrong)).toThrow(new RegExp(name));
      expect(() => readStoreConfig(wrong)).not.toThrow(/PORT/);
    }
  });

  test('refuses to listen beyond loopback without a way to sign in', () => {
    expect(faultOf({ HOST: '0.0.0.0' })).toMatch(/AUTH_TOKENS/);
    expect(readConfig({ HOST: '0.0.0.0', AUTH_TOKENS: 'ada:secret' }).host).toBe('0.0.0.0');
  });

  test('reads projects from YAML and puts the environment in', () => {
    const file = fileWith(`
# \${NOT_SET} in a comment is nobody's business
projects:
  - id: shop
    members: [ada]
    agents: [claude]
    workspace: { ssh: { host: 10.0.0.7, port: 2222, user: coder, path: /home/coder/project } }
    env: { ANTHROPIC_API_KEY: "\${KEY}" }
`);
    const [project] = readConfig({ HOLDFAST_CONFIG: file, KEY: 'sk-1' }).projects;
    expect(project).toMatchObject({
      id: 'shop',
      members: ['ada'],
      agents: ['claude'],
      workspace: { kind: 'ssh', ssh: { host: '10.0.0.7', port: 2222, user: 'coder', path: '/home/coder/project' } },
    });
    expect(project?.env['ANTHROPIC_API_KEY']?.reveal()).toBe('sk-1');
  });

  test.each([
    ['projects: [{id: Shop!, workspace: {local: /x}}]', /projects\.0\.id/],
    ['projects: [{id: shop}]', /projects\.0\.workspace/],
    ['projects: [{id: shop, workspace: {local: /x, ssh: {host: h, path: p}}}]', /either "local"/],
    ['projects: [{id: shop, workspace: {local: /x}, env: {A: "${NOPE}"}}]', /NOPE/],
    [': : :\n -', /cannot be read/],
  ])('says what is wrong with %s', (yaml, fault) => {
    expect(faultOf({ HOLDFAST_CONFIG: fileWith(yaml) })).toMatch(fault);
  });

  test('commands for checks come from the environment, then from the file; over SSH from the file alone', () => {
    const project = (workspace: string): string => `
  - id: ${workspace.slice(2, 5)}
    workspace: ${workspace}
    checks: { lint: make lint, test: make test }
    gates: ['lint.warnings<=0', build.size<=2MB]
    checkTimeouts: { test: 600 }
    passEnv: [STAGE]`;
    const file = fileWith(`projects:${project('{ local: /srv }')}${project('{ ssh: { host: h, path: /p } }')}`);
    const env = {
      HOLDFAST_CONFIG: file,
      CHECK_MODE: 'real',
      CHECK_COMMAND_LINT: 'npm run lint',
      CHECK_COMMAND_BUILD: ' ',
    };
    const { checkMode, projects } = readConfig(env);
    expect(checkMode).toBe('real');
    expect(projects.map(({ checks }) => checks.commands.lint?.command)).toEqual(['npm run lint', 'make lint']);
    expect(projects[0]?.checks).toEqual({
      commands: {
        lint: { command: 'npm run lint', from: 'CHECK_COMMAND_LINT' },
        test: { command: 'make test', from: "the project's checks.test" },
      },
      gates: ['lint.warnings<=0', 'build.size<=2MB'],
      timeoutsS: { test: 600 },
      passEnv: ['STAGE'],
    });
    expect(readConfig({}).checkMode).toBe('auto');
    expect(readConfig({ CHECK_COMMAND_TEST: 'true' }).projects[0]?.checks.commands.test?.command).toBe('true');
  });

  test('everything that is wrong about checks is named with all other faults', () => {
    const file = fileWith(
      "projects: [{id: shop, workspace: {local: /x}, checks: {lint: '', deploy: x}, gates: [lint.luck>=7], " +
        'checkTimeouts: {test: 0}, passEnv: [A=B]}]',
    );
    const fault = faultOf({ HOLDFAST_CONFIG: file, CHECK_MODE: 'perhaps', PORT: 'x' });
    for (const part of [
      /PORT/,
      /CHECK_MODE must be one of real, mock, auto/,
      /checks\.lint must be a command/,
      /deploy/,
    ])
      expect(fault).toMatch(part);
    expect(fault).toMatch(/gates\.0 is no gate: .*lint\.warnings/);
    expect(fault).toMatch(/checkTimeouts\.test must be more than 0/);
    expect(fault).toMatch(/passEnv\.0 must be the name of a variable/);
  });

  test('a file that is not there is named', () => {
    expect(faultOf({ HOLDFAST_CONFIG: '/nowhere/x.yaml' })).toMatch('/nowhere/x.yaml');
  });

  test('never prints a secret', () => {
    const { tokens, projects } = readConfig({ AUTH_TOKENS: 'ada:hush', ANTHROPIC_API_KEY: 'hush' });
    expect(`${inspect({ tokens, projects }, { depth: 9 })}${JSON.stringify({ tokens, projects })}`).not.toMatch('hush');
  });

  test.each([
    ['127.0.0.1', true],
    ['127.9.9.9', true],
    ['::1', true],
    ['localhost', true],
    ['0.0.0.0', false],
    ['10.0.0.1', false],
    ['127.example.org', false],
  ])('%s is loopback: %s', (host, expected) => {
    expect(isLoopback(host)).toBe(expected);
  });
});
