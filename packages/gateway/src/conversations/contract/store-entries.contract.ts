import { describe, expect, test } from 'vitest';
import { maxEntryBytes } from '../entry.ts';
import type { Entry, EntryChange } from '../entry-store.ts';
import type { ConversationStore } from '../store.ts';
import { dayMs, hourMs, idOf, start, type StoreScene } from './store-scene.contract.ts';

/** Small things that gateways share: read, changed in one step, found by their list, gone when they expire. */
export function describeEntries(scene: StoreScene): void {
  const read = (key: string): Promise<Entry | undefined> => scene.store.readEntry(key);
  const keysIn = (list: string, limit = 100): Promise<readonly string[]> => scene.store.entriesIn(list, limit);

  function put(key: string, rest: Partial<Entry> = {}): Promise<void> {
    const next = { body: '{}', list: null, expiresAt: null, ...rest };
    return scene.store.changeEntry(key, () => ({ next, result: undefined }));
  }

  function remove(key: string): Promise<void> {
    return scene.store.changeEntry(key, () => ({ next: null, result: undefined }));
  }

  describe('one by one', () => {
    test('what was never there is undefined, to the reader and to the one who changes it', async () => {
      expect(await read('a')).toBeUndefined();
      expect(await scene.store.changeEntry('a', (current) => ({ next: undefined, result: current }))).toBeUndefined();
    });

    test('what was put is read as it was put, whatever it replaced', async () => {
      const first = { body: '{"a":[1,2]}', list: 'open', expiresAt: start + 5 };
      const second = { body: '[]', list: null, expiresAt: null };
      for (const entry of [first, second, first]) {
        await put('a', entry);
        expect(await read('a')).toEqual(entry);
      }
    });

    test('whoever changes it gets what is there, and back what the change says', async () => {
      await put('a', { body: '7', list: 'open', expiresAt: start + 9 });
      const seen = await scene.store.changeEntry('a', (current) => ({
        next: { body: '8', list: null, expiresAt: null },
        result: [current],
      }));
      expect(seen).toEqual([{ body: '7', list: 'open', expiresAt: start + 9 }]);
      expect(await read('a')).toEqual({ body: '8', list: null, expiresAt: null });
    });

    test('a body comes back byte for byte, in whatever script', async () => {
      const body = JSON.stringify({ text: 'ä漢字🧵́\u2028"\\\u0000\u007f\uffff', half: '\ud83e' });
      await put('a', { body });
      expect((await read('a'))?.body).toBe(body);
    });

    test('keys are told apart by their case and every sign that they may have', async () => {
      const keys = ['a', 'A', 'a.b', 'a-b', 'a_b', 'a:b', 'a/b', '.', '0', 'z'.repeat(200)];
      for (const key of keys) await put(key, { body: JSON.stringify(key) });
      expect(await Promise.all(keys.map(async (key) => (await read(key))?.body))).toEqual(
        keys.map((key) => JSON.stringify(key)),
      );
    });

    test('deleted it is not there, may be deleted again, and comes back as a new one', async () => {
      await put('a', { list: 'open' });
      await remove('a');
      expect([await read('a'), await keysIn('open')]).toEqual([undefined, []]);
      await remove('a');
      await remove('never');
      await put('a', { body: '2' });
      expect(await read('a')).toEqual({ body: '2', list: null, expiresAt: null });
    });

    test('two keys have nothing to do with each other', async () => {
      await put('a', { body: '1' });
      await put('b', { body: '2' });
      await remove('a');
      expect([await read('a'), (await read('b'))?.body]).toEqual([undefined, '2']);
    });
  });

  describe('a change', () => {
    test('that leaves it as it is writes nothing: it keeps its place in the list', async () => {
      await put('a', { list: 'open' });
      await put('b', { list: 'open' });
      expect(await scene.store.changeEntry('a', () => ({ next: undefined, result: 'left' }))).toBe('left');
      expect(await keysIn('open')).toEqual(['a', 'b']);
    });

    test('that throws changes nothing, and what it threw arrives as it is', async () => {
      await put('a', { body: '1', list: 'open' });
      const thrown = new RangeError('no');
      const throwing = (): EntryChange<never> => {
        throw thrown;
      };
      await expect(scene.store.changeEntry('a', throwing)).rejects.toBe(thrown);
      await expect(scene.store.changeEntry('b', throwing)).rejects.toBe(thrown);
      expect(await read('a')).toEqual({ body: '1', list: 'open', expiresAt: null });
      expect(await read('b')).toBeUndefined();
    });

    test('that throws does not touch those that come at the same moment', async () => {
      const thrown = new Error('no');
      const results = await Promise.allSettled([
        put('a', { body: '1' }),
        scene.store.changeEntry('b', () => {
          throw thrown;
        }),
        put('c', { body: '3' }),
        scene.store.changeEntry('a', (current) => ({ next: undefined, result: current?.body })),
      ]);
      expect(results.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled', 'fulfilled']);
      expect([(await read('a'))?.body, (await read('c'))?.body]).toEqual(['1', '3']);
    });

    test('of the same key many times at once: none is lost, and each sees another state', async () => {
      const seen = await Promise.all(Array.from({ length: 60 }, () => count(scene.store, 'a')));
      expect(seen.toSorted((a, b) => a - b)).toEqual(Array.from({ length: 60 }, (_, index) => index));
      expect((await read('a'))?.body).toBe('60');
    });

    test('of the same key at once with its deletion leaves what one of both orders leaves', async () => {
      await put('a', { body: '5' });
      const [seen] = await Promise.all([count(scene.store, 'a'), remove('a')]);
      expect([
        [5, undefined],
        [0, '1'],
      ]).toContainEqual([seen, (await read('a'))?.body]);
    });
  });

  describe('lists', () => {
    test('one that nothing is in is empty', async () => {
      await put('a');
      expect(await keysIn('open')).toEqual([]);
    });

    test('the longest unchanged come first', async () => {
      for (const key of ['b', 'a', 'c']) await put(key, { list: 'open' });
      expect(await keysIn('open')).toEqual(['b', 'a', 'c']);
      scene.pass(1);
      await put('b', { list: 'open' });
      expect(await keysIn('open')).toEqual(['a', 'c', 'b']);
      await remove('c');
      await put('c', { list: 'open' });
      expect(await keysIn('open')).toEqual(['a', 'b', 'c']);
    });

    test('no more are named than were asked for', async () => {
      for (let index = 0; index < 40; index++) await put(`k${index}`, { list: 'open' });
      expect(await keysIn('open', 3)).toEqual(['k0', 'k1', 'k2']);
      expect(await keysIn('open', 39)).toHaveLength(39);
      expect(await keysIn('open', 400)).toHaveLength(40);
    });

    test('an entry moves from one to another, out of any, and in again', async () => {
      await put('a', { list: 'open' });
      await put('a', { list: 'done' });
      expect([await keysIn('open'), await keysIn('done')]).toEqual([[], ['a']]);
      await put('a', { list: null });
      expect([await keysIn('open'), await keysIn('done')]).toEqual([[], []]);
      await put('a', { list: 'open' });
      expect([await keysIn('open'), await keysIn('done')]).toEqual([['a'], []]);
    });

    test('names are told apart as keys are', async () => {
      await put('a', { list: 'draft/open' });
      expect([await keysIn('draft'), await keysIn('draft/Open'), await keysIn('draft/open')]).toEqual([[], [], ['a']]);
    });

    test('expired ones are not among them, however many', async () => {
      for (let index = 0; index < 30; index++) await put(`k${index}`, { list: 'open', expiresAt: start + 1 });
      await put('last', { list: 'open' });
      scene.pass(1);
      expect(await keysIn('open', 2)).toEqual(['last']);
    });
  });

  describe('expiry', () => {
    test('is to the millisecond, to the reader, the list and the one who changes it', async () => {
      await put('a', { body: '4', list: 'open', expiresAt: start + 10 });
      scene.pass(9);
      expect([(await read('a'))?.body, await keysIn('open')]).toEqual(['4', ['a']]);
      scene.pass(1);
      expect([await read('a'), await keysIn('open')]).toEqual([undefined, []]);
      expect(await count(scene.store, 'a')).toBe(0);
      expect(await read('a')).toEqual({ body: '1', list: null, expiresAt: null });
    });

    test('moves with each change, and what no longer expires stays', async () => {
      await put('a', { expiresAt: start + 10 });
      await put('a', { expiresAt: start + 20 });
      await put('b', { expiresAt: start + 10 });
      await put('b');
      scene.pass(19);
      expect(await read('a')).toBeDefined();
      scene.pass(dayMs);
      expect([await read('a'), await read('b')]).toEqual([undefined, { body: '{}', list: null, expiresAt: null }]);
    });

    test('that is over already is nothing that anybody sees', async () => {
      await put('a', { list: 'open', expiresAt: start });
      expect([await read('a'), await keysIn('open')]).toEqual([undefined, []]);
    });

    test('a sweep deletes what has expired, and counts it once', async () => {
      for (let index = 0; index < 45; index++) await put(`k${index}`, { expiresAt: start + index });
      await put('listed', { list: 'open', expiresAt: start + 1 });
      await put('later', { expiresAt: start + 2 * hourMs });
      await put('stays', { list: 'open' });
      await put('gone', { expiresAt: start + 1 });
      await remove('gone');
      expect(await scene.store.sweepEntries({ signal: AbortSignal.abort() })).toBe(0);
      scene.pass(hourMs);
      expect(await scene.store.sweepEntries()).toBe(46);
      expect(await scene.store.sweepEntries()).toBe(0);
      expect([await read('later'), await read('stays')]).not.toContain(undefined);
      expect(await count(scene.store, 'k1')).toBe(0);
    });

    test('a sweep leaves what was changed since and does not expire any more', async () => {
      await put('a', { expiresAt: start + 1 });
      await put('b', { expiresAt: start + 1 });
      scene.pass(hourMs);
      await put('a');
      await put('b', { expiresAt: scene.now + hourMs });
      expect(await scene.store.sweepEntries()).toBe(0);
      expect([await read('a'), await read('b')]).not.toContain(undefined);
    });
  });

  describe('what cannot be kept', () => {
    test('is refused before anything is changed: a body over 256 KiB; one just as large is kept', async () => {
      // Two bytes each in UTF-8.
      const largest = `"${'ä'.repeat(maxEntryBytes / 2 - 1)}"`;
      await put('a', { body: largest, list: 'open' });
      await expect(put('a', { body: `${largest} ` })).rejects.toMatchObject({ code: 'internal' });
      expect(await read('a')).toEqual({ body: largest, list: 'open', expiresAt: null });
    });

    test('is refused as internal: a bad key, a bad name of a list, no text, half a surrogate pair, no time', async () => {
      for (const key of ['', 'a b', 'a#b', 'ä', 'z'.repeat(201), 'a\n']) {
        const refused = { code: 'internal' };
        await expect(read(key)).rejects.toMatchObject(refused);
        await expect(put(key)).rejects.toMatchObject(refused);
        await expect(put('a', { list: key })).rejects.toMatchObject(refused);
        await expect(keysIn(key)).rejects.toMatchObject(refused);
      }
      const others = [{ body: '' }, { body: '"\ud83e"' }, { expiresAt: 0.5 }, { expiresAt: Number.POSITIVE_INFINITY }];
      for (const entry of others) await expect(put('a', entry)).rejects.toMatchObject({ code: 'internal' });
      expect(await read('a')).toBeUndefined();
    });
  });

  test('an entry is no conversation: nobody sees it among them, and cleanup leaves it', async () => {
    await put('c1', { list: 'open' });
    await put('c2', { expiresAt: start + dayMs });
    await remove('c2');
    expect((await scene.store.list({ limit: 10 })).conversations).toEqual([]);
    expect(await scene.store.unfinished(10)).toEqual([]);
    expect((await scene.store.heads([idOf('c1')])).size).toBe(0);
    expect(await scene.store.get(idOf('c1'))).toBeUndefined();
    expect(await scene.store.cleanup({ before: start + dayMs })).toBe(0);
    expect(await keysIn('open')).toEqual(['c1']);
  });
}

export const empty: Entry = { body: '{}', list: null, expiresAt: null };

/** Adds one; resolves with what it was before, 0 when it was not there. */
export function count(store: ConversationStore, key: string): Promise<number> {
  return store.changeEntry(key, (current) => {
    const seen = Number(current?.body ?? 0);
    return { next: { ...empty, body: String(seen + 1) }, result: seen };
  });
}
