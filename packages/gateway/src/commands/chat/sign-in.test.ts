import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';

import { SignIn } from './sign-in.ts';

let state: string;

beforeEach(async () => {
  state = await mkdtemp(join(tmpdir(), 'holdfast-chat-'));
  await mkdir(join(state, 'gateways'));
});

afterEach(() => rm(state, { recursive: true }));

function signIn(url: string, given?: string, env: Record<string, string> = {}): SignIn {
  return new SignIn(new URL(url), given, { HOLDFAST_STATE_DIR: state, ...env });
}

function write(token: string, port = 8787): Promise<void> {
  return writeFile(join(state, 'gateways', `${port}.json`), JSON.stringify({ url: 'http://127.0.0.1', token, pid: 1 }));
}

test('a token that is given goes before HOLDFAST_TOKEN, and that before the file', async () => {
  await write('from-file');
  const env = { HOLDFAST_TOKEN: 'from-env' };
  expect(await signIn('http://127.0.0.1:8787', 'given', env).token()).toBe('given');
  expect(await signIn('http://127.0.0.1:8787', undefined, env).token()).toBe('from-env');
  expect(await signIn('http://127.0.0.1:8787').token()).toBe('from-file');
});

test.each(['http://localhost:8787', 'ws://127.1.2.3:8787', 'http://[::1]:8787'])('%s is this machine', async (url) => {
  await write('mine');
  expect(await signIn(url).token()).toBe('mine');
});

test.each(['http://gateway.example:8787', 'http://10.0.0.7:8787', 'http://127.0.0.1.evil.example:8787'])(
  'the token of this machine is not shown to %s',
  async (url) => {
    await write('mine');
    expect(await signIn(url).token()).toBeUndefined();
  },
);

test('the file is read anew each time, because a gateway that starts again writes another token', async () => {
  await write('first');
  const own = signIn('http://127.0.0.1:8787');
  expect(await own.token()).toBe('first');
  expect(await own.hasNewToken()).toBe(false);
  await write('second');
  expect(await own.hasNewToken()).toBe(true);
  expect(await own.token()).toBe('second');
});

test('a file that is gone is worth another try if it was there, and no token if it never was', async () => {
  const own = signIn('http://127.0.0.1:9999');
  expect(await own.token()).toBeUndefined();
  await write('first', 9999);
  await own.token();
  await rm(join(state, 'gateways', '9999.json'));
  await expect(own.token()).rejects.toThrow('starting again');
});
