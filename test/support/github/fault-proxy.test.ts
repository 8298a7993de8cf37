import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { callerOf } from './caller.ts';
import { Checkout } from './checkout.ts';
import { startEmulate, type Emulate } from './emulate.ts';
import { until } from '../until.ts';
import { FaultProxy } from './fault-proxy.ts';

const repository = 'acme/shop';
let emulate: Emulate;
let proxy: FaultProxy;
let checkout: Checkout;

beforeAll(async () => {
  emulate = await startEmulate();
  proxy = await FaultProxy.start(emulate.url);
  checkout = await Checkout.create();
  await checkout.pushTo({ url: emulate.url, token: tokenAt(0), repository });
});
afterEach(() => proxy.clear());
afterAll(async () => {
  await proxy[Symbol.asyncDispose]();
  await emulate[Symbol.asyncDispose]();
  await checkout[Symbol.asyncDispose]();
});

describe('emulate behind the proxy', () => {
  it('has the very commit that git made', async () => {
    const main = await callerOf({ url: proxy.url, token: tokenAt(0), repository })<{ object: { sha: string } }>(
      'GET',
      'git/ref/heads/main',
    );
    expect(main.object.sha).toBe(checkout.baseSha);
  });

  it('answers 304 to a known ETag, which costs no quota', async () => {
    const first = await get('git/ref/heads/main');
    const again = await get('git/ref/heads/main', { 'if-none-match': first.headers.get('etag') ?? '' });
    const other = await get('git/ref/heads/main', { 'if-none-match': '"other"' });
    expect([first.status, again.status, other.status]).toEqual([200, 304, 200]);
    expect(await again.text()).toBe('');
    const left = [first, again, other].map((answer) => Number(answer.headers.get('x-ratelimit-remaining')));
    expect(left).toEqual([left[0], left[0], (left[0] ?? 0) - 1]);
  });

  it('refuses a second pull request for a branch, also when two ask at once', async () => {
    await post('git/refs', { ref: 'refs/heads/twice', sha: checkout.baseSha });
    const wanted = { title: 'Twice', head: 'twice', base: 'main', draft: true };
    const answers = await Promise.all([post('pulls', wanted), post('pulls', wanted)]);
    expect(answers.map(({ status }) => status).toSorted((a, b) => a - b)).toEqual([201, 422]);
    const refusal = answers.find(({ status }) => status === 422);
    expect(await refusal?.text()).toContain('A pull request already exists for acme:twice.');
  });

  it('limits one token for a while, and knows what is sent meanwhile', async () => {
    proxy.inject({ method: 'GET', path: /main$/ }, { kind: 'primary_limit', status: 403, seconds: 2 });
    const refused = await get('git/ref/heads/main');
    expect(refused.headers.get('x-ratelimit-remaining')).toBe('0');
    expect((await get('branches')).status).toBe(403);
    expect((await get('branches', {}, 1)).status).toBe(200);
    const resetMs = Number(refused.headers.get('x-ratelimit-reset')) * 1000;
    await until('the reset that was named', () => Date.now() >= resetMs);
    expect((await get('branches')).status).toBe(200);
    expect(proxy.log.slice(-4).map(({ whileLimited }) => whileLimited)).toEqual([false, true, false, false]);
  });

  it('breaks the how-manieth request before or after it took effect', async () => {
    const path = /git\/refs$/;
    const make = (name: string): Promise<Response | undefined> =>
      post('git/refs', { ref: `refs/heads/${name}`, sha: checkout.baseSha }).catch(() => undefined);
    proxy.inject({ method: 'POST', path, from: 2 }, { kind: 'server_error', status: 502, when: 'before' });
    proxy.inject({ method: 'POST', path, from: 3 }, { kind: 'cut', when: 'after' });
    expect((await make('first'))?.status).toBe(201);
    expect((await make('second'))?.status).toBe(502);
    expect(await make('third')).toBeUndefined();
    const names = await callerOf({ url: emulate.url, token: tokenAt(0), repository })<{ name: string }[]>(
      'GET',
      'branches',
    );
    expect(names.map(({ name }) => name)).toEqual(expect.arrayContaining(['first', 'third']));
    expect(names.map(({ name }) => name)).not.toContain('second');
  });

  it('keeps an answer back until whoever asked is gone', async () => {
    const held = proxy.hold({ method: 'POST', path: /git\/refs$/ });
    const leaving = new AbortController();
    const body = JSON.stringify({ ref: 'refs/heads/held', sha: checkout.baseSha });
    const asked = fetch(`${proxy.url}/repos/${repository}/git/refs`, {
      method: 'POST',
      headers: headersOf(0),
      body,
      signal: leaving.signal,
    });
    const gone = asked.catch((error: unknown) => error);
    expect((await held).status).toBe(201);
    expect((await get('git/ref/heads/held')).status).toBe(200);
    leaving.abort();
    expect(await gone).toBeInstanceOf(DOMException);
  });

  it('cuts a body short, and lets another take its time', async () => {
    proxy.inject({ method: 'GET', path: /branches$/ }, { kind: 'truncated_body' });
    await expect(get('branches').then((answer) => answer.text())).rejects.toThrow('terminated');
    proxy.inject({ method: 'GET', path: /branches$/ }, { kind: 'slow_body', ms: 20 });
    expect(JSON.parse(await (await get('branches')).text())).toBeInstanceOf(Array);
  });
});

function tokenAt(index: number): string {
  return emulate.tokens[index] ?? '';
}

function headersOf(index: number): Readonly<Record<string, string>> {
  return { authorization: `Bearer ${tokenAt(index)}` };
}

function get(path: string, headers: Readonly<Record<string, string>> = {}, token = 0): Promise<Response> {
  return fetch(`${proxy.url}/repos/${repository}/${path}`, { headers: { ...headersOf(token), ...headers } });
}

function post(path: string, body: unknown): Promise<Response> {
  return fetch(`${proxy.url}/repos/${repository}/${path}`, {
    method: 'POST',
    headers: headersOf(0),
    body: JSON.stringify(body),
  });
}
