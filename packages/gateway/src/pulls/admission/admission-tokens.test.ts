import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { MemoryEntries } from '../../conversations/entries.memory.ts';
import type { Secret } from '../../lib/secret.ts';
import type { AccountReader } from '../tokens/account-reader.ts';
import { TokenPool, type TokenWarning } from '../tokens/token-pool.ts';
import { documentedLimits } from './budget-limits.ts';
import { answer, content, get, minuteMs, permitOf, quota, read, settled } from './testing/door.ts';
import { ScriptedApp } from './testing/scripted-app.ts';
import { TokenAdmission, type TokenAdmissionOptions } from './token-admission.ts';

const hourMs = 60 * minuteMs;
const told = quota(5_000, 4_999, 10 * hourMs);
const never = new AbortController().signal;

beforeEach(() => {
  vi.useFakeTimers({ now: 0 });
});
afterEach(() => {
  vi.useRealTimers();
});

function doorOf(tokens: readonly string[], options: TokenAdmissionOptions) {
  const warnings: TokenWarning[] = [];
  const pool = new TokenPool(tokens, { onWarning: (warning) => warnings.push(warning) });
  const admission = new TokenAdmission(pool, options);
  const ask = (what = read, notAfterMs = Infinity) => admission.admit(what, { signal: never, notAfterMs });
  return { admission, pool, warnings, ask };
}

describe('an app’s installations', () => {
  test('go before tokens of persons as long as one is free, each for its own repositories', async () => {
    const app = new ScriptedApp();
    const { ask, pool } = doorOf(['ghp_aaa'], { app });
    const first = ask({ ...read, owner: 'Umbrella' });
    await vi.advanceTimersByTimeAsync(100);
    const permit = await permitOf(first);
    expect([permit.label, permit.secret.reveal()]).toEqual(['app-2', 'ghs_12_1']);
    // Its quota is being found out: the next one goes with the person's token.
    expect((await permitOf(ask({ ...read, owner: 'umbrella' }))).label).toBe('token-1');
    permit.ended(get, answer(200, told));
    expect((await permitOf(ask({ ...read, owner: 'umbrella' }))).label).toBe('app-2');
    expect(pool.labels()).toEqual(['token-1', 'app-1', 'app-2']);
  });

  test('that are not at the owner of a repository are of no use there', async () => {
    const { ask } = doorOf([], { app: new ScriptedApp() });
    const none = { kind: 'none', message: expect.stringContaining('not installed at initech') as string };
    expect(await ask({ ...read, owner: 'initech' })).toMatchObject(none);
  });

  test('that have come since are found once they are missed, and the app is asked once a minute at most', async () => {
    const app = new ScriptedApp();
    const { ask, pool } = doorOf([], { app });
    const initech = { ...read, owner: 'initech' };
    await ask(initech);
    app.installed = [...app.installed, { id: '13', account: 'initech' }];
    await vi.advanceTimersByTimeAsync(minuteMs - 1);
    expect(await ask(initech)).toMatchObject({ kind: 'none' });
    await vi.advanceTimersByTimeAsync(1);
    const found = ask(initech);
    await vi.advanceTimersByTimeAsync(100);
    expect((await permitOf(found)).secret.reveal()).toBe('ghs_13_1');
    expect(await ask({ ...read, owner: 'hooli' })).toMatchObject({ kind: 'none' });
    expect(app.askedAtMs).toEqual([0, minuteMs]);
    expect(pool.labels()).toEqual(['app-1', 'app-2', 'app-3']);
  });

  test('are known for as long as they are, whether GitHub can be asked for more of them or not', async () => {
    const app = new ScriptedApp();
    const { ask } = doorOf([], { app });
    await ask({ ...read, owner: 'initech' });
    app.fault = Object.assign(new Error('bad gateway'), { status: 502 });
    await vi.advanceTimersByTimeAsync(minuteMs);
    const missed = ask({ ...read, owner: 'initech' }, Date.now() + minuteMs);
    expect(await settled([missed])).toEqual(['waiting']);
    app.fault = undefined;
    const known = ask({ ...read, owner: 'acme' });
    await vi.advanceTimersByTimeAsync(100);
    expect(await settled([known])).toEqual(['permit']);
    await vi.advanceTimersByTimeAsync(4_900);
    expect(await settled([missed])).toEqual(['none']);
  });

  test('have their token fetched once for all that wait, and anew before it expires', async () => {
    const app = new ScriptedApp();
    const { ask } = doorOf([], { app });
    const acme = { ...read, owner: 'acme' };
    const all = [ask(acme), ask(acme)];
    await vi.advanceTimersByTimeAsync(100);
    expect(await settled(all)).toEqual(['permit', 'waiting']);
    (await permitOf(all[0])).ended(get, answer(200, told));
    (await permitOf(all[1])).ended(get, answer(200, told));
    expect(app.fetched).toEqual(['11']);
    await vi.advanceTimersByTimeAsync(54 * minuteMs);
    expect((await permitOf(ask(acme))).secret.reveal()).toBe('ghs_11_1');
    await vi.advanceTimersByTimeAsync(2 * minuteMs);
    const late = ask(acme);
    await vi.advanceTimersByTimeAsync(100);
    expect((await permitOf(late)).secret.reveal()).toBe('ghs_11_2');
  });

  test('get a new token when GitHub refuses the one they have; when it refuses that one too, they are refused', async () => {
    const app = new ScriptedApp();
    const { ask, pool } = doorOf([], { app });
    const acme = { ...read, owner: 'acme' };
    const permit = async () => {
      const admitted = ask(acme);
      await vi.advanceTimersByTimeAsync(100);
      return await permitOf(admitted);
    };
    (await permit()).ended(get, answer(200, told));
    // Nothing was done with it, so the call may be made again whatever it was.
    expect((await permit()).ended({ method: 'POST' }, answer(401))).toEqual({ kind: 'transient' });
    const again = await permit();
    expect(again.secret.reveal()).toBe('ghs_11_2');
    expect(again.ended(get, answer(200, told))).toEqual({ kind: 'success' });
    // One that was good for something may be taken back as well.
    expect((await permit()).ended(get, answer(401))).toEqual({ kind: 'transient' });
    const last = await permit();
    expect(last.secret.reveal()).toBe('ghs_11_3');
    expect(last.ended(get, answer(401))).toEqual({ kind: 'final', reason: 'unauthorized' });
    expect(pool.status()).toMatchObject([{ label: 'app-1', state: 'quarantined' }, { label: 'app-2' }]);
  });

  test('get one new token when GitHub refuses the one that several requests went out with', async () => {
    const app = new ScriptedApp();
    const { ask } = doorOf([], { app });
    const acme = { ...read, owner: 'acme' };
    const first = ask(acme);
    await vi.advanceTimersByTimeAsync(100);
    (await permitOf(first)).ended(get, answer(200, told));
    for (const permit of [await permitOf(ask(acme)), await permitOf(ask(acme))]) {
      expect(permit.ended(get, answer(401))).toEqual({ kind: 'transient' });
    }
    const again = ask(acme);
    await vi.advanceTimersByTimeAsync(100);
    expect((await permitOf(again)).secret.reveal()).toBe('ghs_11_2');
    expect(app.fetched).toEqual(['11', '11']);
  });

  test('whose tokens GitHub does not give are told of to who asks, where there is no other token', async () => {
    const app = new ScriptedApp();
    const { ask } = doorOf([], { app });
    const waiting = ask({ ...read, owner: 'acme' });
    await vi.advanceTimersByTimeAsync(50);
    app.fault = Object.assign(new Error('This installation has been suspended'), { status: 403 });
    await vi.advanceTimersByTimeAsync(50);
    expect(await settled([waiting])).toEqual(['none']);
    expect(await waiting).toMatchObject({ message: /did not give a token for app-1: This installation/ });
  });

  test('that cannot be asked for are told of, and tokens of persons do in their place', async () => {
    const app = new ScriptedApp();
    app.fault = Object.assign(new Error('Bad credentials'), { status: 401 });
    const { ask, warnings } = doorOf(['ghp_aaa'], { app });
    expect((await permitOf(ask())).label).toBe('token-1');
    expect(warnings).toMatchObject([{ kind: 'no_app_token', message: /Bad credentials.*GITHUB_APP_ID/ }]);
    expect(await doorOf([], { app }).ask()).toMatchObject({ kind: 'none', message: /GITHUB_APP_PRIVATE_KEY/ });
  });

  test('are asked for again when GitHub could not answer', async () => {
    const app = new ScriptedApp();
    app.fault = Object.assign(new Error('bad gateway'), { status: 502 });
    const { ask } = doorOf([], { app });
    const waiting = ask({ ...read, owner: 'acme' });
    expect(await settled([waiting])).toEqual(['waiting']);
    app.fault = undefined;
    await vi.advanceTimersByTimeAsync(5_100);
    expect(await settled([waiting])).toEqual(['permit']);
  });

  test('are asked for again less and less often, at last once a minute, while GitHub is down', async () => {
    const app = new ScriptedApp();
    app.fault = Object.assign(new Error('bad gateway'), { status: 502 });
    const { ask, warnings } = doorOf([], { app });
    void ask();
    await vi.advanceTimersByTimeAsync(200_000);
    expect(app.askedAtMs).toEqual([0, 5_000, 15_000, 35_000, 75_000, 135_000, 195_000]);
    expect(warnings).toMatchObject([{ kind: 'no_app_token', label: 'app' }]);
  });

  test('are asked for a minute after a limit that names no time, and twice as long after the next', async () => {
    const app = new ScriptedApp();
    app.fault = Object.assign(new Error('You have exceeded a secondary rate limit'), {
      status: 403,
      response: limit(),
    });
    void doorOf([], { app }).ask();
    await vi.advanceTimersByTimeAsync(420_000);
    expect(app.askedAtMs).toEqual([0, 60_000, 180_000, 420_000]);
    const named = new ScriptedApp();
    named.fault = Object.assign(new Error('slow down'), { status: 429, response: limit({ 'retry-after': '7' }) });
    const door = doorOf([], { app: named });
    void door.ask();
    const startMs = Date.now();
    await vi.advanceTimersByTimeAsync(7_000);
    expect(named.askedAtMs.map((atMs) => atMs - startMs)).toEqual([0, 7_000]);
  });

  test('whose tokens have expired when they come are not fetched again at once, and who asks is told', async () => {
    const app = new ScriptedApp();
    app.lifeMs = 0;
    const { ask, warnings } = doorOf([], { app });
    const first = ask({ ...read, owner: 'acme' });
    await vi.advanceTimersByTimeAsync(1_000);
    expect(await first).toMatchObject({ kind: 'none', message: expect.stringContaining('has expired') as string });
    expect(app.fetched).toEqual(['11']);
    expect(warnings).toMatchObject([{ kind: 'no_app_token', label: 'app-1' }]);
  });

  test('are asked for no longer when the door closes, and nobody is warned of that', async () => {
    const app = new ScriptedApp();
    app.installationsMs = minuteMs;
    const { ask, admission, warnings } = doorOf([], { app });
    const first = ask();
    first.catch(() => undefined);
    await vi.advanceTimersByTimeAsync(1_000);
    await admission[Symbol.asyncDispose]();
    await expect(first).rejects.toMatchObject({ code: 'unavailable' });
    expect(app.signals).toMatchObject([{ aborted: true }]);
    await vi.advanceTimersByTimeAsync(2 * minuteMs);
    expect(warnings).toEqual([]);
  });

  test('hold tokens of persons for five seconds while they are asked for the first time, and not again', async () => {
    const app = new ScriptedApp();
    app.installationsMs = 20_000;
    app.fault = Object.assign(new Error('bad gateway'), { status: 502 });
    const { ask } = doorOf(['ghp_aaa'], { app });
    const first = ask();
    await vi.advanceTimersByTimeAsync(4_999);
    expect(await settled([first])).toEqual(['waiting']);
    await vi.advanceTimersByTimeAsync(1);
    const permit = await permitOf(first);
    expect(permit.label).toBe('token-1');
    permit.ended(get, answer(200, told));
    expect(await settled([ask(), ask(content)])).toEqual(['permit', 'permit']);
    // They are asked for once more, 5 s after they could not be told.
    await vi.advanceTimersByTimeAsync(25_000);
    const later = ask();
    expect(app.askedAtMs).toEqual([0, 30_000]);
    expect((await permitOf(later)).label).toBe('token-1');
  });

  test('do not hold who would wait less long than that, when there is a token of a person', async () => {
    const app = new ScriptedApp();
    app.installationsMs = 20_000;
    expect((await permitOf(doorOf(['ghp_aaa'], { app }).ask(read, 4_000))).label).toBe('token-1');
    const alone = doorOf([], { app }).ask(read, 30_000);
    await vi.advanceTimersByTimeAsync(20_100);
    expect((await permitOf(alone)).label).toBe('app-1');
  });

  test('whose token could not be fetched leave the work to persons, also while it is fetched again', async () => {
    const app = new ScriptedApp();
    const { ask } = doorOf(['ghp_aaa'], { app });
    app.installationsMs = 1;
    const acme = { ...content, owner: 'acme' };
    const first = ask(acme);
    await vi.advanceTimersByTimeAsync(1);
    app.fault = Object.assign(new Error('bad gateway'), { status: 502 });
    await vi.advanceTimersByTimeAsync(100);
    const permit = await permitOf(first);
    expect(permit.label).toBe('token-1');
    permit.ended(get, answer(200, told));
    await vi.advanceTimersByTimeAsync(5_000);
    expect((await permitOf(ask(acme))).label).toBe('token-1');
    app.fault = undefined;
    await vi.advanceTimersByTimeAsync(100);
    expect((await permitOf(ask(acme))).label).toBe('app-1');
  });
});

/** The answer that an error of Octokit's has. */
const limit = (headers: Readonly<Record<string, string>> = {}) => ({
  headers,
  data: { message: 'You have exceeded a secondary rate limit' },
});

class ScriptedAccounts implements AccountReader {
  readonly asked: string[] = [];
  readonly #users: Readonly<Record<string, string | undefined>>;

  constructor(users: Readonly<Record<string, string | undefined>>) {
    this.#users = users;
  }

  async read(secret: Secret) {
    this.asked.push(secret.reveal());
    await new Promise((resolve) => setTimeout(resolve, 50));
    const user = this.#users[secret.reveal()];
    return { answer: answer(user === undefined ? 404 : 200, told), user };
  }
}

describe('tokens of the same user', () => {
  test('are recognised before they are used side by side, and share a budget', async () => {
    const accounts = new ScriptedAccounts({ ghp_aaa: 'ada', ghp_bbb: 'ada' });
    const { ask, pool, warnings } = doorOf(['ghp_aaa', 'ghp_bbb'], { accounts });
    const all = Array.from({ length: 120 }, () => ask());
    await vi.advanceTimersByTimeAsync(200);
    expect(accounts.asked).toEqual(['ghp_aaa', 'ghp_bbb']);
    expect(warnings).toMatchObject([{ kind: 'same_user', label: 'token-2', as: 'token-1' }]);
    expect(pool.size()).toBe(1);
    expect((await settled(all)).filter((kind) => kind === 'permit')).toHaveLength(100);
  });

  test('have the questions whose they are counted on that user', async () => {
    const accounts = new ScriptedAccounts({ ghp_aaa: 'ada', ghp_bbb: 'ada' });
    const { ask } = doorOf(['ghp_aaa', 'ghp_bbb'], { accounts, limits: { ...documentedLimits, restPoints: 5 } });
    const first = ask();
    await vi.advanceTimersByTimeAsync(200);
    const all = [first, ask(), ask(), ask()];
    expect(await settled(all)).toEqual(['permit', 'permit', 'permit', 'waiting']);
  });

  test('are asked for once, also when several processes start', async () => {
    const accounts = new ScriptedAccounts({ ghp_aaa: 'ada', ghp_bbb: 'grace' });
    const entries = new MemoryEntries();
    const doors = Array.from({ length: 4 }, () => doorOf(['ghp_aaa', 'ghp_bbb'], { accounts, entries }));
    const all = doors.flatMap(({ ask }) => [ask(), ask()]);
    await vi.advanceTimersByTimeAsync(3_000);
    expect(accounts.asked.toSorted()).toEqual(['ghp_aaa', 'ghp_bbb']);
    expect(await settled(all)).toEqual(all.map(() => 'permit'));
    const late = doorOf(['ghp_aaa', 'ghp_bbb'], { accounts, entries });
    expect(await settled([late.ask()])).toEqual(['permit']);
    expect(accounts.asked).toHaveLength(2);
  });

  test('are taken for different users’ when GitHub does not say, and one alone is not asked', async () => {
    const accounts = new ScriptedAccounts({});
    const { ask, pool } = doorOf(['ghp_aaa', 'ghp_bbb'], { accounts });
    const all = [ask(content), ask(content)];
    await vi.advanceTimersByTimeAsync(200);
    expect(await settled(all)).toEqual(['permit', 'permit']);
    expect(pool.size()).toBe(2);
    await permitOf(doorOf(['ghp_ccc'], { accounts }).ask());
    expect(accounts.asked).toEqual(['ghp_aaa', 'ghp_bbb']);
  });
});

test('a token that may do more than is needed is told of once', async () => {
  const { ask, warnings } = doorOf(['ghp_aaa'], {});
  const scopes = { ...told, 'x-oauth-scopes': 'repo, workflow, admin:org' };
  (await permitOf(ask())).ended(get, answer(200, scopes));
  (await permitOf(ask())).ended(get, answer(200, scopes));
  expect(warnings).toMatchObject([{ kind: 'too_many_scopes', label: 'token-1', scopes: ['workflow', 'admin:org'] }]);
});
