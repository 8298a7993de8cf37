import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import type { Ask } from './admission.ts';
import { longestFlightMs } from './admission-account.ts';
import type { GitHubMeter } from './github-meter.ts';
import { answer, content, doorOf, get, lost, minuteMs, permitOf, quota, read, settled } from './testing/door.ts';

beforeEach(() => {
  vi.useFakeTimers({ now: 0 });
});
afterEach(() => {
  // A process that waits for nothing can end.
  if (vi.getTimerCount() > 0) throw new Error('A timer is left.');
  vi.useRealTimers();
});

/** One request that tells of the quota, so that others need not wait for it. */
async function knowing(door: ReturnType<typeof doorOf>, left = 4_999): Promise<void> {
  (await permitOf(door.ask())).ended(get, answer(200, quota(5_000, left, 3_600_000)));
}

describe('the door', () => {
  test('lets the first request go ahead to find out the quota, and then all that there is room for, in their order', async () => {
    const door = doorOf();
    const first = await permitOf(door.ask());
    const others = [door.ask(), door.ask()];
    expect(await settled(others)).toEqual(['waiting', 'waiting']);
    expect(first.ended(get, answer(200, quota(5_000, 4_999, 3_600_000)))).toEqual({ kind: 'success' });
    expect(await settled(others)).toEqual(['permit', 'permit']);
  });

  test('has at most a hundred under way, and lets one through for each that ends', async () => {
    const door = doorOf();
    await knowing(door);
    const all = Array.from({ length: 102 }, () => door.ask());
    expect((await settled(all)).filter((kind) => kind === 'permit')).toHaveLength(100);
    (await permitOf(all[0])).ended(get, answer());
    (await permitOf(all[1])).unused();
    expect((await settled(all)).filter((kind) => kind === 'permit')).toHaveLength(102);
  });

  test('keeps a second between content-creating writes, and lets reads pass meanwhile', async () => {
    const door = doorOf();
    await knowing(door);
    const writes = [door.ask(content), door.ask(content), door.ask(content)];
    expect(await settled(writes)).toEqual(['permit', 'waiting', 'waiting']);
    expect(await settled([door.ask()])).toEqual(['permit']);
    await vi.advanceTimersByTimeAsync(999);
    expect(await settled(writes)).toEqual(['permit', 'waiting', 'waiting']);
    await vi.advanceTimersByTimeAsync(1);
    expect(await settled(writes)).toEqual(['permit', 'permit', 'waiting']);
    await vi.advanceTimersByTimeAsync(1_000);
    expect(await settled(writes)).toEqual(['permit', 'permit', 'permit']);
  });

  test('lets nobody wait for room that there is, though somebody in front waits for another kind of it', async () => {
    const door = doorOf({ tokens: ['ghp_aaa', 'ghp_bbb'], limits: { ...doorOf.limits, requests: 2, restPoints: 5 } });
    const headers = quota(5_000, 4_000, 3_600_000);
    const graphql: Ask = { resource: 'graphql', kind: 'read' };
    const both = async (what: Ask) => [await permitOf(door.ask(what)), await permitOf(door.ask(what))];
    for (const what of [read, graphql]) {
      const named = { ...headers, 'x-ratelimit-resource': what.resource };
      for (const permit of await both(what)) permit.ended(get, answer(200, named));
    }
    // All places of the first are taken, and all points of the second.
    for (const permit of [...(await both(graphql)), ...(await both(graphql))]) {
      if (permit.label === 'token-2') permit.ended(get, answer());
    }
    for (let one = 0; one < 4; one += 1) (await permitOf(door.ask())).ended(get, answer());
    const waiting = door.ask();
    expect(await settled([waiting])).toEqual(['waiting']);
    const other = door.ask(graphql);
    expect(await settled([other])).toEqual(['permit']);
    expect((await permitOf(other)).label).toBe('token-2');
    door.abort();
    await settled([waiting]);
  });

  test('lets nobody pass who would take the points that somebody in front waits for', async () => {
    const door = doorOf({ limits: { ...doorOf.limits, restPoints: 6 } });
    await knowing(door);
    (await permitOf(door.ask())).ended(get, answer());
    const write = door.ask({ resource: 'core', kind: 'write' });
    const behind = door.ask();
    const graphql = door.ask({ resource: 'graphql', kind: 'read' });
    expect(await settled([write, behind, graphql])).toEqual(['waiting', 'waiting', 'permit']);
    await vi.advanceTimersByTimeAsync(minuteMs + 500);
    expect(await settled([write, behind])).toEqual(['permit', 'permit']);
  });

  test('keeps points back for content-creating writes that wait for their second, and lets them pass reads that wait for points', async () => {
    const door = doorOf({ limits: { ...doorOf.limits, restPoints: 21 } });
    await knowing(door);
    const writes = [door.ask(content), door.ask(content), door.ask(content)];
    const reads = Array.from({ length: 6 }, () => door.ask());
    expect(await settled(writes)).toEqual(['permit', 'waiting', 'waiting']);
    expect((await settled(reads)).filter((kind) => kind === 'permit')).toHaveLength(5);
    await vi.advanceTimersByTimeAsync(2_000);
    expect(await settled(writes)).toEqual(['permit', 'permit', 'permit']);
    door.abort();
    await settled(reads);
  });

  test('gives reads what was kept back as soon as those it was kept for have given up', async () => {
    const door = doorOf({ limits: { ...doorOf.limits, restPoints: 11 } });
    await knowing(door);
    await permitOf(door.ask(content));
    const giveUp = new AbortController();
    const write = door.ask(content, Infinity, giveUp.signal);
    const behind = door.ask();
    expect(await settled([write, behind])).toEqual(['waiting', 'waiting']);
    giveUp.abort();
    expect(await settled([write, behind])).toEqual(['given up', 'permit']);
  });

  test('sends nothing during a limit, neither what comes nor what was waiting', async () => {
    const door = doorOf();
    await knowing(door);
    const flying = await permitOf(door.ask());
    const waiting = Array.from({ length: 99 }, () => door.ask(content));
    await settled(waiting);
    flying.ended(get, answer(403, { 'retry-after': '30' }, 'You have exceeded a secondary rate limit'));
    const later = door.ask();
    await vi.advanceTimersByTimeAsync(29_999);
    expect((await settled([...waiting, later])).filter((kind) => kind === 'permit')).toHaveLength(1);
    await vi.advanceTimersByTimeAsync(1);
    // GitHub has just said that it was too much: one request goes first. The one that was sent before the limit still flies.
    expect(await settled([later])).toEqual(['waiting']);
    (await permitOf(waiting[0])).ended(get, answer());
    expect(await settled([waiting[1] ?? later])).toEqual(['permit']);
    door.abort();
    await settled([...waiting, later]);
  });

  test('lets more through at once bit by bit when a limit is over, until the next one', async () => {
    const door = doorOf({ limits: { ...doorOf.limits, restPoints: Infinity } });
    (await permitOf(door.ask())).ended(get, answer(200, quota(100_000, 99_999, 3_600_000)));
    const limit = answer(429, { 'retry-after': '1' });
    (await permitOf(door.ask())).ended(get, limit);
    await vi.advanceTimersByTimeAsync(1_000);
    const rounds = async (count: number): Promise<readonly number[]> => {
      const flown: number[] = [];
      for (let round = 0; round < count; round += 1) {
        const giveUp = new AbortController();
        const all = Array.from({ length: 101 }, () => door.ask(read, Infinity, giveUp.signal));
        const kinds = await settled(all);
        const free = all.filter((_, index) => kinds[index] === 'permit');
        flown.push(free.length);
        giveUp.abort();
        await settled(all);
        for (const one of free) (await permitOf(one)).ended(get, answer());
      }
      return flown;
    };
    expect(await rounds(6)).toEqual([1, 1, 2, 3, 3, 4]);
    expect((await rounds(100)).at(-1)).toBe(100);
    (await permitOf(door.ask())).ended(get, limit);
    await vi.advanceTimersByTimeAsync(1_000);
    expect(await rounds(2)).toEqual([1, 1]);
  });

  test('stops at the end of the quota and goes on at its reset', async () => {
    const door = doorOf();
    (await permitOf(door.ask())).ended(get, answer(200, quota(5_000, 2, 10 * minuteMs)));
    const all = [door.ask(), door.ask(), door.ask()];
    expect(await settled(all)).toEqual(['permit', 'permit', 'waiting']);
    (await permitOf(all[0])).ended(get, answer(200, quota(5_000, 1, 10 * minuteMs)));
    (await permitOf(all[1])).ended(get, answer(200, quota(5_000, 0, 10 * minuteMs)));
    await vi.advanceTimersByTimeAsync(10 * minuteMs - 1);
    expect(await settled(all)).toEqual(['permit', 'permit', 'waiting']);
    await vi.advanceTimersByTimeAsync(1);
    expect(await settled(all)).toEqual(['permit', 'permit', 'permit']);
  });

  test('lets the next one through when an answer turns out to be free', async () => {
    const door = doorOf();
    (await permitOf(door.ask())).ended(get, answer(200, quota(5_000, 1, 10 * minuteMs)));
    const all = [door.ask(), door.ask()];
    expect(await settled(all)).toEqual(['permit', 'waiting']);
    (await permitOf(all[0])).ended(get, answer(304, quota(5_000, 1, 10 * minuteMs)));
    expect(await settled(all)).toEqual(['permit', 'permit']);
  });
});

describe('who waits', () => {
  test('is told at once when it would take too long, with the time at which it may be sent', async () => {
    const door = doorOf();
    const waiting = (await permitOf(door.ask())).ended(get, answer(200, quota(5_000, 0, 10 * minuteMs)));
    expect(waiting).toEqual({ kind: 'success' });
    expect(await door.ask(read, 10 * minuteMs - 1)).toEqual({ kind: 'too_late', availableAtMs: 10 * minuteMs });
    const patient = door.ask(read, 10 * minuteMs);
    expect(await settled([patient])).toEqual(['waiting']);
    door.abort();
    await settled([patient]);
  });

  test('is told when a limit comes while it waits', async () => {
    const door = doorOf();
    const first = await permitOf(door.ask());
    const waiting = door.ask(read, minuteMs);
    await settled([waiting]);
    first.ended(get, answer(429, { 'retry-after': '61' }));
    expect(await waiting).toEqual({ kind: 'too_late', availableAtMs: 61_000 });
  });

  test('is told at its deadline when nobody knows how long it would take', async () => {
    const door = doorOf();
    const first = await permitOf(door.ask());
    const waiting = door.ask(read, 1_000);
    await vi.advanceTimersByTimeAsync(1_001);
    expect(await waiting).toEqual({ kind: 'too_late', availableAtMs: 1_001 });
    first.unused();
  });

  test('and gives up leaves no trace, and the signal’s reason is what it gets', async () => {
    const door = doorOf();
    const first = await permitOf(door.ask());
    const controller = new AbortController();
    const given = door.ask(read, Infinity, controller.signal);
    const behind = door.ask();
    const reason = new Error('enough');
    controller.abort(reason);
    await expect(given).rejects.toBe(reason);
    await expect(door.ask(read, Infinity, controller.signal)).rejects.toBe(reason);
    first.ended(get, answer(200, quota(5_000, 4_999, 3_600_000)));
    expect(await settled([behind])).toEqual(['permit']);
  });

  test('gets a token that is free, and goes back to the first when that one is', async () => {
    const door = doorOf({ tokens: ['ghp_aaa', 'ghp_bbb'] });
    const permits = [await permitOf(door.ask()), await permitOf(door.ask())];
    expect(permits.map(({ label }) => label)).toEqual(['token-1', 'token-2']);
    permits[0]?.ended(get, answer(403, { 'retry-after': '30' }));
    permits[1]?.ended(get, answer(200, quota(5_000, 4_999, 3_600_000)));
    expect((await permitOf(door.ask({ ...read, prefer: 'token-1' }))).label).toBe('token-2');
    await vi.advanceTimersByTimeAsync(30_000);
    expect((await permitOf(door.ask({ ...read, prefer: 'token-1' }))).label).toBe('token-1');
  });

  test('hears what to do when GitHub takes none of the tokens', async () => {
    const door = doorOf();
    const first = await permitOf(door.ask());
    const waiting = door.ask();
    await settled([waiting]);
    expect(first.ended(get, answer(401))).toEqual({ kind: 'final', reason: 'unauthorized' });
    expect(await waiting).toMatchObject({ kind: 'none', message: /^GitHub refused every token/ });
    const empty: Ask = { resource: 'search', kind: 'read' };
    expect(await doorOf({ tokens: [] }).ask(empty)).toMatchObject({ kind: 'none', message: /set GITHUB_TOKEN/ });
  });
});

describe('a permit', () => {
  test('that is ended twice counts once', async () => {
    const door = doorOf();
    await knowing(door);
    const permit = await permitOf(door.ask());
    permit.ended(get, lost);
    expect(permit.ended(get, answer(401))).toEqual({ kind: 'final', reason: 'unauthorized' });
    permit.unused();
    expect(door.pool.status()).toMatchObject([{ state: 'in_rotation', failures: 1 }]);
  });

  test('that nobody ends holds its place for ten minutes, not for ever', async () => {
    const door = doorOf();
    await permitOf(door.ask());
    const next = door.ask();
    await vi.advanceTimersByTimeAsync(longestFlightMs - 1);
    expect(await settled([next])).toEqual(['waiting']);
    await vi.advanceTimersByTimeAsync(1);
    expect(await settled([next])).toEqual(['permit']);
  });

  test('is counted by label: what came of it, how long it waited, what is left', async () => {
    const told: unknown[] = [];
    const meter: GitHubMeter = {
      called: (...all) => told.push(all),
      retried: (...all) => told.push(all),
      waited: (...all) => told.push(all),
      quota: (...all) => told.push(all),
    };
    const door = doorOf({ meter });
    const first = await permitOf(door.ask());
    const second = door.ask();
    await vi.advanceTimersByTimeAsync(300);
    first.ended(get, answer(200, quota(5_000, 4_999, 3_600_000)));
    (await permitOf(second)).ended(get, answer(404));
    expect(told).toEqual([
      ['token-1', 'success'],
      ['token-1', 'core', 4_999, 5_000],
      ['token-1', 'quota', 300],
      ['token-1', 'refused'],
    ]);
  });

  test('is given to nobody any more once the door is closed', async () => {
    const door = doorOf();
    const first = await permitOf(door.ask());
    const waiting = door.ask();
    const closed = { code: 'unavailable', message: /disposed.*nothing is sent/ };
    await Promise.all([
      expect(waiting).rejects.toMatchObject(closed),
      door.admission[Symbol.asyncDispose](),
      door.admission[Symbol.asyncDispose](),
    ]);
    await expect(door.ask()).rejects.toMatchObject(closed);
    expect(first.ended(get, answer())).toEqual({ kind: 'success' });
  });
});
