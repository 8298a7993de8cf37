import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { MemoryEntries } from '../../conversations/entries.memory.ts';
import { TokenPool } from '../tokens/token-pool.ts';
import type { Admitted } from './admission.ts';
import { answer, content, get, minuteMs, permitOf, quota, read, settled } from './testing/door.ts';
import { ScriptedApp } from './testing/scripted-app.ts';
import { TokenAdmission, type TokenAdmissionOptions } from './token-admission.ts';

const told = quota(5_000, 4_000, 600 * minuteMs);
const never = new AbortController().signal;
const write = { ...content, owner: 'acme' };
const look = { ...read, owner: 'acme' };

beforeEach(() => {
  vi.useFakeTimers({ now: 0 });
});
afterEach(() => {
  vi.useRealTimers();
});

function doorOf(options: TokenAdmissionOptions = {}, tokens = ['ghp_aaa']) {
  const admission = new TokenAdmission(new TokenPool(tokens), { app: new ScriptedApp(), ...options });
  return (what = write, notAfterMs = Infinity) => admission.admit(what, { signal: never, notAfterMs });
}

/** A door whose app is installed at acme, with a person's token beside it; both quotas are known. */
async function openDoor(tokens = ['ghp_aaa']) {
  const ask = doorOf({}, tokens);
  const first = ask(look);
  await vi.advanceTimersByTimeAsync(100);
  const ofApp = await permitOf(first);
  const ofPerson = await permitOf(ask(look));
  expect([ofApp.label, ofPerson.label]).toEqual(['app-1', 'token-1']);
  for (const permit of [ofApp, ofPerson]) permit.ended(get, answer(200, told));
  return { ask };
}

/** Which tokens they go with. */
async function labelsOf(all: readonly Promise<Admitted>[]): Promise<readonly string[]> {
  return await Promise.all(all.map(async (one) => (await permitOf(one)).label));
}

describe('what is written with an app beside tokens of persons', () => {
  test('is all the app’s, a second apart', async () => {
    const { ask } = await openDoor();
    const all = [ask(), ask(), ask()];
    expect(await settled(all)).toEqual(['permit', 'waiting', 'waiting']);
    await vi.advanceTimersByTimeAsync(1_000);
    expect(await settled(all)).toEqual(['permit', 'permit', 'waiting']);
    await vi.advanceTimersByTimeAsync(1_000);
    expect(await labelsOf(all)).toEqual(['app-1', 'app-1', 'app-1']);
  });

  test('is the app’s as well when another gateway takes its second', async () => {
    const entries = new MemoryEntries();
    const doors = [doorOf({ entries }), doorOf({ entries })];
    for (const ask of doors) {
      const first = ask(look);
      await vi.advanceTimersByTimeAsync(1_000);
      (await permitOf(first)).ended(get, answer(200, told));
      await vi.advanceTimersByTimeAsync(1_000);
    }
    const all = [...doors, ...doors].map((ask) => ask());
    expect((await settled(all)).filter((kind) => kind === 'permit')).toHaveLength(1);
    await vi.advanceTimersByTimeAsync(4_000);
    expect(await settled(all)).toEqual(all.map(() => 'permit'));
    expect(await labelsOf(all)).toEqual(all.map(() => 'app-1'));
  });

  test('waits for an app that cools down for a second; reads do not', async () => {
    const { ask } = await openDoor();
    (await permitOf(ask())).ended({ method: 'POST' }, answer(429, { ...told, 'retry-after': '2' }));
    const writing = ask();
    expect((await permitOf(ask(look))).label).toBe('token-1');
    await vi.advanceTimersByTimeAsync(1_999);
    expect(await settled([writing])).toEqual(['waiting']);
    await vi.advanceTimersByTimeAsync(1);
    expect((await permitOf(writing)).label).toBe('app-1');
  });

  test('goes with a person’s token when the app cools down for long, and with the app’s again when that is nearly over', async () => {
    const { ask } = await openDoor();
    (await permitOf(ask())).ended({ method: 'POST' }, answer(429, { ...told, 'retry-after': '1800' }));
    expect((await permitOf(ask())).label).toBe('token-1');
    await vi.advanceTimersByTimeAsync(1_796_000);
    const writing = ask();
    expect(await settled([writing])).toEqual(['waiting']);
    await vi.advanceTimersByTimeAsync(4_000);
    expect((await permitOf(writing)).label).toBe('app-1');
  });

  test('waits five seconds for what the app has under way, of which nobody knows when it ends', async () => {
    const { ask } = await openDoor();
    (await permitOf(ask())).ended({ method: 'POST' }, answer(429, { ...told, 'retry-after': '1' }));
    await vi.advanceTimersByTimeAsync(1_000);
    // One goes first and finds out whether the limit is over.
    const probe = await permitOf(ask());
    const early = ask();
    await vi.advanceTimersByTimeAsync(4_999);
    const late = ask();
    expect(await settled([early, late])).toEqual(['waiting', 'waiting']);
    await vi.advanceTimersByTimeAsync(1);
    expect((await permitOf(early)).label).toBe('token-1');
    expect(await settled([late])).toEqual(['waiting']);
    probe.ended({ method: 'POST' }, answer(201, told));
    expect((await permitOf(late)).label).toBe('app-1');
  });

  test('does not wait when somebody who wants the same would not', async () => {
    const { ask } = await openDoor();
    const all = [ask(), ask(write, Date.now() + 500), ask()];
    expect(await settled(all)).toEqual(['permit', 'permit', 'waiting']);
    await vi.advanceTimersByTimeAsync(1_000);
    expect(await labelsOf(all)).toEqual(['app-1', 'token-1', 'app-1']);
  });

  test('waits again once the one who would not has gone', async () => {
    const { ask } = await openDoor(['ghp_aaa', 'ghp_bbb']);
    const all = [ask(), ask(), ask(write, Date.now() + 1_500), ask()];
    await vi.advanceTimersByTimeAsync(1_000);
    expect(await settled(all)).toEqual(['permit', 'permit', 'permit', 'waiting']);
    await vi.advanceTimersByTimeAsync(1_000);
    expect(await labelsOf(all)).toEqual(['app-1', 'app-1', 'token-2', 'app-1']);
  });

  test('goes with any token that is free where no app is installed', async () => {
    const { ask } = await openDoor();
    expect(await labelsOf([ask({ ...content, owner: 'initech' })])).toEqual(['token-1']);
  });
});
