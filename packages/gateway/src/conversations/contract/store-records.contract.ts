import { expect, test } from 'vitest';
import { newSessionState } from '../conversation.ts';
import {
  abortOf,
  ada,
  batchOf,
  dayMs,
  eve,
  fieldsOf,
  inTurn,
  none,
  one,
  shop,
  start,
  two,
  type StoreScene,
} from './store-scene.contract.ts';

/** Records: created once, replaced by compare and set. */
export function describeRecords(scene: StoreScene): void {
  test('gives a new conversation its defaults', async () => {
    const created = await scene.create();
    expect(created).toEqual({
      conversationId: one,
      userId: ada,
      projectId: shop,
      agent: 'demo',
      epoch: 'e1',
      taskId: null,
      title: '',
      status: 'completed',
      createdAt: start,
      lastActivityAt: start,
      version: 1,
      lastSeq: 0,
      runnerOffset: 0,
      session: newSessionState,
    });
    expect(await scene.store.get(one)).toEqual(created);
  });

  test('creates with the fields and the age that it is given', async () => {
    const fields = fieldsOf({ taskId: 't1', title: 'Käse 🧀', status: 'draft-preview', task: { confirmed: true } });
    const created = await scene.create(one, { createdAt: start - 5 * dayMs, at: start - dayMs, fields });
    const { task, ...rest } = fields;
    expect(created).toMatchObject({ ...rest, createdAt: start - 5 * dayMs, lastActivityAt: start - dayMs, version: 1 });
    expect(await scene.read()).toEqual({ ...created, task });
  });

  test('creates an id once: the second time the first conversation is returned, unchanged', async () => {
    const first = await scene.create(one, { fields: fieldsOf({ task: { previewMessage: 'mine' } }) });
    const fields = fieldsOf({ title: 'T', task: { previewMessage: 'theirs' } });
    const again = await scene.store.create(scene.fresh(one, { userId: eve, epoch: 'e2', at: start + 5, fields }));
    expect(again).toEqual({ kind: 'known', conversation: first });
    expect(await scene.read()).toEqual({ ...first, task: { previewMessage: 'mine' } });
  });

  test('of 20 who create one id at once, one creates it and the others get what that one made', async () => {
    const results = await Promise.all(
      Array.from({ length: 20 }, (_, index) => scene.store.create(scene.fresh(one, { epoch: `e${index}` }))),
    );
    const stored = await scene.store.get(one);
    const made = results.filter(({ kind }) => kind === 'created');
    expect(made).toEqual([{ kind: 'created', conversation: stored }]);
    const known = results.filter(({ kind }) => kind === 'known');
    expect(known).toEqual(Array.from({ length: 19 }, () => ({ kind: 'known', conversation: stored })));
  });

  test('answers undefined for a conversation that is not there', async () => {
    await scene.create();
    expect(await scene.store.get(none)).toBeUndefined();
    expect(await scene.store.read(none)).toBeUndefined();
  });

  test('get carries no task document, read does', async () => {
    await scene.create(one, { fields: fieldsOf({ task: { confirmed: true } }) });
    expect(await scene.store.get(one)).not.toHaveProperty('task');
    expect(await scene.read()).toHaveProperty('task', { confirmed: true });
  });

  test('a save with the version that was read replaces the fields and raises the version by one', async () => {
    const { version } = await scene.create();
    const fields = fieldsOf({ taskId: 't1', title: 'T', status: 'waiting', task: { confirmed: true } });
    const saved = await scene.store.save(one, version, fields, start + 7);
    const { task, ...rest } = fields;
    const conversation = { ...(await scene.store.get(one)) };
    expect(conversation).toMatchObject({ ...rest, version: version + 1, lastActivityAt: start + 7, createdAt: start });
    expect(saved).toEqual({ kind: 'saved', conversation });
    expect((await scene.read()).task).toEqual(task);
  });

  test('a save replaces the fields as a whole: what it does not name is gone', async () => {
    const before = fieldsOf({ taskId: 't1', title: 'T', task: { confirmed: true, taskDetails: { name: 'N' } } });
    const { version } = await scene.create(one, { fields: before });
    await scene.store.save(one, version, fieldsOf({ task: { confirmed: false } }), start);
    expect(await scene.read()).toMatchObject({ taskId: null, title: '', status: 'completed' });
    expect((await scene.read()).task).toEqual({ confirmed: false });
  });

  test('a save of what is there already is a change like any other', async () => {
    const { version } = await scene.create();
    await scene.store.save(one, version, fieldsOf(), start);
    expect((await scene.read()).version).toBe(version + 1);
  });

  test.each([
    ['an older version', -1],
    ['a version of the future', 1],
    ['a version far away', 1_000],
  ])('a save with %s is a conflict that names the current one, and changes nothing', async (_name, distance) => {
    const created = await scene.create(one, { fields: fieldsOf({ task: { previewMessage: 'first' } }) });
    await scene.saveTask({ previewMessage: 'second' });
    const before = await scene.read();
    const result = await scene.store.save(one, before.version + distance, fieldsOf({ title: 'not this' }), start + 9);
    expect(result).toEqual({ kind: 'conflict', version: created.version + 1 });
    expect(await scene.read()).toEqual(before);
  });

  test('a save of a conversation that is not there is missing, and makes none', async () => {
    expect(await scene.store.save(none, 1, fieldsOf(), start)).toEqual({ kind: 'missing' });
    expect(await scene.store.get(none)).toBeUndefined();
  });

  test('of 20 saves with one version at once exactly one is saved', async () => {
    const { version } = await scene.create();
    const results = await Promise.all(
      Array.from({ length: 20 }, (_, index) =>
        scene.store.save(one, version, fieldsOf({ title: `T${index}`, task: { previewMessage: `${index}` } }), start),
      ),
    );
    const winner = results.findIndex(({ kind }) => kind === 'saved');
    expect(results.filter(({ kind }) => kind === 'saved')).toHaveLength(1);
    expect(results.filter(({ kind }) => kind === 'conflict')).toHaveLength(19);
    const stored = await scene.read();
    expect(stored).toMatchObject({ version: version + 1, title: `T${winner}`, task: { previewMessage: `${winner}` } });
  });

  test('saves that each read first, at once, end with every one done', async () => {
    await scene.create(one, { fields: fieldsOf({ task: { count: 0 } }) });
    const addOne = async (): Promise<void> => {
      const { version, task } = await scene.read();
      const fields = fieldsOf({ task: { count: (task['count'] as number) + 1 } });
      const { kind } = await scene.store.save(one, version, fields, start);
      if (kind === 'conflict') await addOne();
    };
    await Promise.all(Array.from({ length: 6 }, addOne));
    expect((await scene.read()).task).toEqual({ count: 6 });
  });

  test('a save of one conversation leaves the others alone', async () => {
    await scene.create(one);
    const other = await scene.create(two);
    await scene.saveTask({ confirmed: true }, one);
    expect(await scene.store.get(two)).toEqual(other);
  });

  test('a durable write raised the version: a save with the one before is a conflict', async () => {
    const { version } = await scene.create();
    await scene.write(await scene.lease(), { batch: batchOf(1, 'a') });
    expect(await scene.store.save(one, version, fieldsOf(), start)).toEqual({ kind: 'conflict', version: version + 1 });
    expect(await scene.store.save(one, version + 1, fieldsOf(), start)).toMatchObject({ kind: 'saved' });
  });

  test.each([
    ['a session', { session: inTurn }],
    ['a status', { status: 'waiting' }],
    ['a title', { title: 'T' }],
  ] as const)('a write of %s raises the version and moves the activity, durable or not', async (_name, change) => {
    const { version } = await scene.create();
    const generation = await scene.lease();
    await scene.write(generation, { ...change, durable: false, at: start + 3 });
    expect(await scene.store.get(one)).toMatchObject({ ...change, version: version + 1, lastActivityAt: start + 3 });
    await scene.write(generation, { ...change, durable: true, at: start + 4 });
    expect(await scene.store.get(one)).toMatchObject({ ...change, version: version + 2, lastActivityAt: start + 4 });
  });

  test('progress (messages and offset, not durable) raises neither version nor activity: a save still fits', async () => {
    const { version } = await scene.create();
    const progress = { batch: batchOf(1, 'a', 'b'), runnerOffset: 5, durable: false, at: start + 9 };
    expect(await scene.write(await scene.lease(), progress)).toBe('written');
    const written = { version, lastActivityAt: start, lastSeq: 2, runnerOffset: 5 };
    expect(await scene.store.get(one)).toMatchObject(written);
    expect(await scene.store.save(one, version, fieldsOf({ title: 'T' }), start + 1)).toMatchObject({ kind: 'saved' });
    expect(await scene.store.get(one)).toMatchObject({ lastSeq: 2, runnerOffset: 5, title: 'T' });
    expect(await scene.texts()).toEqual(['a', 'b']);
  });

  test('a save leaves log, session, offset, commands and lease alone', async () => {
    await scene.create();
    const generation = await scene.lease();
    await scene.store.addCommand(one, abortOf('p1'));
    await scene.write(generation, { batch: batchOf(1, 'a'), runnerOffset: 3, session: inTurn });
    expect(await scene.saveTask({ confirmed: true })).toMatchObject({
      kind: 'saved',
      conversation: { lastSeq: 1, runnerOffset: 3, session: inTurn, epoch: 'e1', userId: ada },
    });
    expect(await scene.commandIds()).toEqual(['p1']);
    expect(await scene.write(generation, { batch: batchOf(2, 'b') })).toBe('written');
    expect(await scene.texts()).toEqual(['a', 'b']);
  });

  test('a write leaves the task document and the task alone', async () => {
    await scene.create(one, { fields: fieldsOf({ taskId: 't1', task: { taskDetails: { name: 'N' } } }) });
    await scene.write(await scene.lease(), {
      batch: batchOf(1, 'a'),
      session: inTurn,
      status: 'in-progress',
      title: 'T',
    });
    const expected = { taskId: 't1', task: { taskDetails: { name: 'N' } }, status: 'in-progress', title: 'T' };
    expect(await scene.read()).toMatchObject(expected);
  });

  test('a command and a lease alone do not change the record', async () => {
    const created = await scene.create();
    await scene.store.addCommand(one, abortOf('p1'));
    const generation = await scene.lease(one, 'a');
    await scene.store.renew('a', start + 5_000);
    await scene.store.release(one, 'a', generation);
    expect(await scene.store.get(one)).toEqual(created);
  });
}
