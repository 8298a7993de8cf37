import { expect, test } from 'vitest';
import { newSessionState } from '../conversation.ts';
import { batchOf, inTurn, none, one, start, two, type StoreScene } from './store-scene.contract.ts';

/** The message log: appended in order by the one writer that the lease names, read in pages. */
export function describeLog(scene: StoreScene): void {
  test('writes messages, offset, session, status and title together', async () => {
    await scene.create();
    const generation = await scene.lease();
    const session = { ...newSessionState, runnerEpoch: 'r1' };
    const change = { runnerOffset: 7, session, status: 'in-progress', title: 'T' } as const;
    expect(await scene.write(generation, { batch: batchOf(1, 'a', 'b'), at: start + 9, ...change })).toBe('written');
    expect(await scene.store.get(one)).toMatchObject({ lastSeq: 2, lastActivityAt: start + 9, ...change });
    expect(await scene.texts()).toEqual(['a', 'b']);
  });

  test('keeps what a write does not name', async () => {
    await scene.create();
    const generation = await scene.lease();
    await scene.write(generation, { batch: batchOf(1, 'a'), runnerOffset: 7, status: 'waiting', title: 'T' });
    await scene.write(generation, { batch: batchOf(2, 'b') });
    expect(await scene.store.get(one)).toMatchObject({ lastSeq: 2, runnerOffset: 7, status: 'waiting', title: 'T' });
  });

  test('raises the version with every write', async () => {
    const { version } = await scene.create();
    const generation = await scene.lease();
    await scene.write(generation, { title: 'a' });
    await scene.write(generation, { title: 'b' });
    expect((await scene.store.get(one))?.version).toBe(version + 2);
  });

  test.each([
    ['a number too high', 3],
    ['a number that is taken', 1],
    ['no number at all', 0],
  ])('refuses a batch that begins with %s, whole', async (_name, firstSeq) => {
    await scene.create();
    const generation = await scene.lease();
    await scene.write(generation, { batch: batchOf(1, 'a') });
    expect(await scene.write(generation, { batch: batchOf(firstSeq, 'x'), title: 'not this' })).toBe('fenced');
    expect(await scene.store.get(one)).toMatchObject({ lastSeq: 1, title: '' });
    expect(await scene.texts()).toEqual(['a']);
  });

  test('refuses an old generation', async () => {
    await scene.create();
    const old = await scene.lease(one, 'gateway-1');
    scene.pass(1_000);
    const young = await scene.lease(one, 'gateway-2');
    expect(young).toBeGreaterThan(old);
    expect(await scene.write(old, { batch: batchOf(1, 'old') })).toBe('fenced');
    expect(await scene.write(young, { batch: batchOf(1, 'young') })).toBe('written');
    expect(await scene.texts()).toEqual(['young']);
  });

  test('refuses a write to a conversation that is not there', async () => {
    expect(await scene.write(1, { conversationId: none })).toBe('fenced');
  });

  test('many writes at once are done in the order of the calls', async () => {
    await scene.create();
    const generation = await scene.lease();
    const numbers = Array.from({ length: 60 }, (_, index) => index + 1);
    const results = await Promise.all(
      numbers.map((seq) => scene.write(generation, { batch: batchOf(seq, `m${seq}`), durable: seq % 3 === 0 })),
    );
    expect(new Set(results)).toEqual(new Set(['written']));
    expect(await scene.texts()).toEqual(numbers.map((seq) => `m${seq}`));
  });

  test('of two writers with one number one is refused', async () => {
    await scene.create();
    const generation = await scene.lease();
    const results = await Promise.all([
      scene.write(generation, { batch: batchOf(1, 'a') }),
      scene.write(generation, { batch: batchOf(1, 'b') }),
    ]);
    expect(results).toEqual(['written', 'fenced']);
    expect(await scene.texts()).toEqual(['a']);
  });

  test('a generation that was never given is refused, higher ones too', async () => {
    await scene.create();
    const generation = await scene.lease();
    expect(await scene.write(generation + 1, { batch: batchOf(1, 'a') })).toBe('fenced');
    expect(await scene.write(generation + 1, { batch: batchOf(1, 'a'), durable: false, runnerOffset: 1 })).toBe(
      'fenced',
    );
    expect(await scene.texts()).toEqual([]);
  });

  test('a refused write changes nothing at all', async () => {
    await scene.create();
    const generation = await scene.lease();
    await scene.write(generation, { batch: batchOf(1, 'a'), runnerOffset: 1 });
    const before = await scene.read();
    const rest = { runnerOffset: 9, session: inTurn, status: 'waiting', title: 'T', at: start + 9 } as const;
    expect(await scene.write(generation - 1, { batch: batchOf(2, 'b'), ...rest })).toBe('fenced');
    expect(await scene.write(generation, { batch: batchOf(4, 'd'), ...rest })).toBe('fenced');
    expect(await scene.write(generation, { batch: batchOf(4, 'd'), runnerOffset: 9, durable: false })).toBe('fenced');
    expect(await scene.read()).toEqual(before);
    expect(await scene.texts()).toEqual(['a']);
  });

  test('whoever acquires it sees all that was written before, durable or not', async () => {
    await scene.create();
    const generation = await scene.lease(one, 'a');
    await scene.write(generation, { batch: batchOf(1, 'a'), session: inTurn, status: 'in-progress', runnerOffset: 1 });
    await scene.write(generation, { batch: batchOf(2, 'b', 'c'), runnerOffset: 3, durable: false });
    const request = { owner: 'b', now: start, until: start + 1_000, takeFrom: 'a' };
    expect(await scene.store.acquire(one, request)).toMatchObject({
      kind: 'acquired',
      conversation: { lastSeq: 3, runnerOffset: 3, session: inTurn, status: 'in-progress' },
    });
  });

  test('progress and durable writes by turns keep log, offset and record together', async () => {
    await scene.create();
    const generation = await scene.lease();
    for (let seq = 1; seq <= 12; seq++) {
      const isDurable = seq % 4 === 0;
      const written = await scene.write(generation, {
        batch: batchOf(seq, `m${seq}`),
        runnerOffset: seq * 10,
        durable: isDurable,
        at: start + seq,
        ...(isDurable && { title: `T${seq}` }),
      });
      expect(written).toBe('written');
      expect(await scene.store.get(one)).toMatchObject({ lastSeq: seq, runnerOffset: seq * 10 });
    }
    const record = await scene.read();
    expect(record).toMatchObject({ version: 4, lastActivityAt: start + 12, title: 'T12' });
    expect(await scene.texts(6)).toEqual(['m7', 'm8', 'm9', 'm10', 'm11', 'm12']);
  });

  test('an offset or nothing new is written without messages', async () => {
    await scene.create();
    const generation = await scene.lease();
    expect(await scene.write(generation, { runnerOffset: 4, durable: false })).toBe('written');
    expect(await scene.write(generation)).toBe('written');
    expect(await scene.store.get(one)).toMatchObject({ lastSeq: 0, runnerOffset: 4, version: 2 });
  });

  test('an offset may begin again at 0: the runner has a new journal', async () => {
    await scene.create();
    const generation = await scene.lease();
    await scene.write(generation, { batch: batchOf(1, 'a'), runnerOffset: 9, durable: false });
    await scene.write(generation, { session: { ...newSessionState, runnerEpoch: 'r2' }, runnerOffset: 0 });
    expect(await scene.store.get(one)).toMatchObject({ lastSeq: 1, runnerOffset: 0 });
    await scene.write(generation, { batch: batchOf(2, 'b'), runnerOffset: 1, durable: false });
    expect(await scene.store.get(one)).toMatchObject({ lastSeq: 2, runnerOffset: 1 });
  });

  test('a released writer may still write as long as nobody has acquired since', async () => {
    await scene.create();
    const generation = await scene.lease(one, 'a');
    await scene.store.release(one, 'a', generation);
    expect(await scene.write(generation, { batch: batchOf(1, 'a') })).toBe('written');
    await scene.lease(one, 'b');
    expect(await scene.write(generation, { batch: batchOf(2, 'b') })).toBe('fenced');
  });

  test('a lease that ran out fences nobody by itself', async () => {
    await scene.create();
    const generation = await scene.lease();
    scene.pass(5_000);
    expect(await scene.write(generation, { batch: batchOf(1, 'a') })).toBe('written');
  });

  test('logs of two conversations are kept apart', async () => {
    await scene.create(one);
    await scene.create(two);
    const generation = await scene.lease(two);
    await scene.write(await scene.lease(one), { batch: batchOf(1, 'a') });
    await scene.write(generation, { conversationId: two, batch: batchOf(1, 'b', 'c') });
    expect(await scene.texts(0, one)).toEqual(['a']);
    expect(await scene.texts(0, two)).toEqual(['b', 'c']);
    expect(await scene.store.get(one)).toMatchObject({ lastSeq: 1 });
  });

  test('a session comes back exactly, with everything in it', async () => {
    await scene.create();
    const tool = { id: 't1', name: 'write', input: { path: 'a\u2028b', n: 0.1 + 0.2 }, status: 'pending' } as const;
    const session = {
      ...inTurn,
      pending: [tool],
      openTools: ['t1', 't2'],
      decisions: [{ toolId: 't0', approved: false, userId: inTurn.turn?.userId ?? none, reason: '🧀 \u0000' }],
      settings: { model: 'm', permissionMode: 'plan', extendedThinking: true },
      runnerEpoch: 'r1',
    } as typeof inTurn;
    await scene.write(await scene.lease(), { session });
    expect((await scene.store.get(one))?.session).toEqual(session);
  });
}
