import { generateKeyPairSync } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { readConfig } from '../config.ts';
import type { Environment } from '../lib/environment.ts';
import { readGitHubApp } from './read-github-app.ts';

const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
const pkcs1 = privateKey.export({ type: 'pkcs1', format: 'pem' }).toString();
const pkcs8 = privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();

let dir: string;
beforeAll(() => {
  dir = mkdtempSync(join(tmpdir(), 'app-key-'));
  writeFileSync(join(dir, 'key.pem'), pkcs1);
});
afterAll(() => rmSync(dir, { recursive: true }));

function read(env: Environment) {
  const faults: string[] = [];
  return { app: readGitHubApp(env, faults), faults };
}

describe('the GitHub App', () => {
  test('is not there when nothing is set', () => {
    expect(read({})).toEqual({ app: undefined, faults: [] });
    expect(readConfig({}).github.app).toBeUndefined();
  });

  test.each<[string, Environment]>([
    ['as it is', { GITHUB_APP_PRIVATE_KEY: pkcs8 }],
    ['as GitHub gives it out', { GITHUB_APP_PRIVATE_KEY: pkcs1 }],
    ['on one line', { GITHUB_APP_PRIVATE_KEY: pkcs1.replaceAll('\n', String.raw`\n`) }],
    ['in base64', { GITHUB_APP_PRIVATE_KEY: Buffer.from(pkcs1).toString('base64') }],
  ])('has its key %s', (_, env) => {
    const { app, faults } = read({ GITHUB_APP_ID: '7', GITHUB_APP_INSTALLATION_ID: ' 11, 12,11 ', ...env });
    expect(faults).toEqual([]);
    expect(app).toMatchObject({ appId: '7', installationIds: ['11', '12'] });
    expect(app?.privateKey.reveal()).toBe(pkcs8);
  });

  test('has its key in a file', () => {
    const { app } = read({ GITHUB_APP_ID: 'Iv1.abc', GITHUB_APP_PRIVATE_KEY_FILE: join(dir, 'key.pem') });
    expect(app?.privateKey.reveal()).toBe(pkcs8);
  });

  test.each<[Environment, readonly RegExp[]]>([
    [{ GITHUB_APP_PRIVATE_KEY: pkcs8 }, [/^GITHUB_APP_ID is not set/]],
    [{ GITHUB_APP_ID: '7' }, [/^GITHUB_APP_PRIVATE_KEY or GITHUB_APP_PRIVATE_KEY_FILE must be set/]],
    [
      { GITHUB_APP_ID: 'a b', GITHUB_APP_INSTALLATION_ID: 'x', GITHUB_APP_PRIVATE_KEY: 'SECRETSECRET' },
      [/GITHUB_APP_ID must be/, /GITHUB_APP_INSTALLATION_ID must be/, /GITHUB_APP_PRIVATE_KEY is not a private key/],
    ],
    [{ GITHUB_APP_ID: '7', GITHUB_APP_PRIVATE_KEY: pkcs8, GITHUB_APP_PRIVATE_KEY_FILE: 'x' }, [/^Only one of/]],
    [
      { GITHUB_APP_ID: '7', GITHUB_APP_PRIVATE_KEY_FILE: '/nowhere/key.pem' },
      [/^GITHUB_APP_PRIVATE_KEY_FILE: \/nowhere\/key.pem cannot be read \(ENOENT\)/],
    ],
    [{ GITHUB_APP_ID: '7', GITHUB_APP_PRIVATE_KEY_FILE: pkcs1 }, [/^GITHUB_APP_PRIVATE_KEY_FILE: the file cannot be/]],
    [
      { GITHUB_APP_ID: '7', GITHUB_APP_PRIVATE_KEY_FILE: Buffer.from(pkcs1).toString('base64') },
      [/^GITHUB_APP_PRIVATE_KEY_FILE: the file cannot be read/],
    ],
    [{ GITHUB_APP_ID: pkcs1, GITHUB_APP_PRIVATE_KEY: pkcs8 }, [/^GITHUB_APP_ID must be/]],
    [
      { GITHUB_APP_ID: '7', GITHUB_APP_PRIVATE_KEY: pkcs8, GITHUB_APP_INSTALLATION_ID: pkcs1 },
      [/^GITHUB_APP_INSTALLATION_ID must be/],
    ],
  ])('is refused with all that is wrong with it, and never shows the key: %#', (env, expected) => {
    const { faults } = read(env);
    expect(faults).toHaveLength(expected.length);
    expected.forEach((pattern, index) => expect(faults[index]).toMatch(pattern));
    expect(faults.join()).not.toMatch(/SECRET|BEGIN|LS0tLS1/);
  });
});
