import fc from 'fast-check';
import type { Json } from '@holdfast/protocol';
import { describe, expect, test } from 'vitest';
import type { TaskDocument } from '../record.ts';
import { fieldsOf, one, start, two, type StoreScene } from './store-scene.contract.ts';

/** Task documents: any JSON comes back exactly, whatever its size and however strange its names. */
export function describeDocuments(scene: StoreScene): void {
  async function roundTrip(task: TaskDocument): Promise<TaskDocument> {
    await scene.saveTask(task);
    return (await scene.read()).task;
  }

  async function expectExact(value: Json): Promise<void> {
    await scene.create();
    expect(canonical(await roundTrip({ previewMessage: value }))).toBe(canonical({ previewMessage: value }));
  }

  test.each([
    ['the largest safe integers', [Number.MAX_SAFE_INTEGER, Number.MIN_SAFE_INTEGER]],
    ['numbers at the ends of the range', [1e300, -1e300, 5e-324, Number.MAX_VALUE, Number.MIN_VALUE, 1e-130, 1e126]],
    ['numbers that have no exact decimal form', [0.1 + 0.2, 1 / 3, 1e21, 123_456.789_012_345_67]],
    ['numbers beyond the safe integers', [2 ** 53, 2 ** 64, 2 ** 53 + 2, 10 ** 25]],
    ['zero and one', [0, 1, -1, 0.5]],
    ['digits in a string', ['12345678901234567890123456789012345678901234567890', '1e5', '007', '-0']],
    ['words that mean something elsewhere', ['null', 'true', 'NaN', '', ' ', '{}', "'; --", '2024-01-01T00:00:00Z']],
    ['truth and nothing', [true, false, null]],
    ['empty things', ['', [], {}, [[]], [{}], { '': '' }, { '': { '': [] } }]],
    ['emoji and every plane', ['🧀', '👩‍👩‍👧‍👦', 'ﷺ', '漢字', 'e\u0301', '\u{10ffff}', '\ufeff', '\ufffd']],
    ['letters that look alike and are not', ['\u00e9', 'e\u0301', 'K', '\u212a']],
    ['control characters and NUL', ['\u0000', 'a\u0000b', '\u0001\u001f\u007f', '\r\n\t', '"\\/']],
    ['line separators', ['\u2028', '\u2029', 'a\u2028b']],
    ['lone surrogates', ['\ud800', '\udfff', 'a\ud83d', '\udca9b', '\udc00\ud800']],
    ['many items', Array.from({ length: 5_000 }, (_, index) => index)],
  ] as const)('%s come back exactly', async (_name, values) => {
    await expectExact(values);
  });

  test('-0 comes back as 0, as JSON has it', async () => {
    await scene.create();
    const { previewMessage } = await roundTrip({ previewMessage: -0 });
    expect(Object.is(previewMessage, 0)).toBe(true);
  });

  test.each([
    '__proto__',
    'constructor',
    'toString',
    'hasOwnProperty',
    'length',
    'toJSON',
    '$ref',
    'a.b',
    'a[0]',
    '#a',
    ':a',
  ])('a field may be named %s, at the top and below', async (name) => {
    await scene.create();
    const task = JSON.parse(`{${JSON.stringify(name)}:{${JSON.stringify(name)}:[1]}}`) as TaskDocument;
    const back = await roundTrip(task);
    expect(Object.keys(back)).toEqual([name]);
    expect(canonical(back)).toBe(canonical(task));
  });

  test('fields named like those of the record are fields of the document', async () => {
    const created = await scene.create();
    const task = { conversationId: 'x', version: 99, status: 'none', ttl: 1, session: null, userId: [], task: {} };
    expect(await roundTrip(task)).toEqual(task);
    expect(await scene.store.get(one)).toEqual({ ...created, version: 2 });
  });

  test('names in camelCase and in snake_case stand side by side', async () => {
    await scene.create();
    const task = { taskDetails: { a_b: 1, aB: 2 }, task_details: { a_b: 3, aB: 4 }, check_results: null, 'X-Y': 5 };
    expect(await roundTrip(task)).toEqual(task);
  });

  test('null and absent are two things', async () => {
    await scene.create();
    const back = await roundTrip({ confirmed: null, contextFiles: [null, { a: null }] });
    expect(back).toEqual({ confirmed: null, contextFiles: [null, { a: null }] });
    expect(Object.keys(back).toSorted()).toEqual(['confirmed', 'contextFiles']);
  });

  test('a field that is undefined is absent', async () => {
    await scene.create();
    expect(Object.keys(await roundTrip({ confirmed: true, unknown: undefined }))).toEqual(['confirmed']);
  });

  test('a nesting of 200 levels comes back', async () => {
    let value: Json = 'deep';
    for (let level = 0; level < 100; level++) value = { inner: [value] };
    await expectExact(value);
  });

  test('whatever JSON it is, it comes back exactly', async () => {
    await scene.create();
    const anyText = fc.oneof(
      fc.string(),
      fc.string({ unit: 'binary' }),
      fc.string({ unit: fc.nat(0xff_ff).map(unitOf) }),
    );
    const { json } = fc.letrec<{ json: Json }>((tie) => ({
      json: fc.oneof(
        { depthSize: 'small', withCrossShrink: true },
        fc.oneof(fc.constant(null), fc.boolean(), anyText, fc.double({ noNaN: true, noDefaultInfinity: true })),
        fc.array(tie('json'), { maxLength: 6 }),
        fc.dictionary(anyText, tie('json'), { maxKeys: 6 }),
      ),
    }));
    await fc.assert(
      fc.asyncProperty(fc.dictionary(anyText, json, { maxKeys: 8 }), async (task) => {
        expect(canonical(await roundTrip(task))).toBe(canonical(task));
      }),
      { numRuns: 40 },
    );
  });

  test('what is changed afterwards, before or after reading, is not what is stored', async () => {
    await scene.create();
    const files = ['a'];
    const task = { contextFiles: files };
    await scene.saveTask(task);
    files.push('b');
    const read = (await scene.read()).task as { contextFiles: string[] };
    expect(read).toEqual({ contextFiles: ['a'] });
    read.contextFiles.push('c');
    expect((await scene.read()).task).toEqual({ contextFiles: ['a'] });
  });

  describe('large ones', { timeout: 60_000 }, () => {
    const textOf = (bytes: number): string => 'All work and no play… '.repeat(Math.ceil(bytes / 24)).slice(0, bytes);

    test('a document of 5 MB comes back, as created, as saved, and after it was replaced by a short one', async () => {
      const first = {
        previewMessage: textOf(5_000_000),
        proposedChanges: [{ path: 'a', content: '🧀'.repeat(1_000) }],
      };
      const second = { migrationPlan: { steps: Array.from({ length: 50 }, (_, step) => textOf(100_000 + step)) } };
      await scene.create(one, { fields: fieldsOf({ task: first }) });
      expect(canonical((await scene.read()).task) === canonical(first)).toBe(true);
      expect(canonical(await roundTrip(second)) === canonical(second)).toBe(true);
      expect(await roundTrip({ confirmed: true })).toEqual({ confirmed: true });
    });

    test('a refused save of a large document leaves the large one that is there whole', async () => {
      const mine = { previewMessage: textOf(2_000_000) };
      const theirs = { previewMessage: textOf(1_900_000).toUpperCase() };
      const { version } = await scene.create(one, { fields: fieldsOf({ task: mine }) });
      const result = await scene.store.save(one, version - 1, fieldsOf({ task: theirs }), start);
      expect(result).toEqual({ kind: 'conflict', version });
      expect(canonical((await scene.read()).task) === canonical(mine)).toBe(true);
    });

    test('of large documents that are saved at once one is there, whole', async () => {
      const { version } = await scene.create();
      const letters = ['a', 'b', 'c', 'd'];
      const results = await Promise.all(
        letters.map((letter) => {
          const fields = fieldsOf({ title: letter, task: { previewMessage: letter.repeat(1_000_000) } });
          return scene.store.save(one, version, fields, start);
        }),
      );
      const winner = letters[results.findIndex(({ kind }) => kind === 'saved')] ?? '';
      expect(results.filter(({ kind }) => kind === 'saved')).toHaveLength(1);
      const { title, task } = await scene.read();
      expect(title).toBe(winner);
      expect(task['previewMessage'] === winner.repeat(1_000_000)).toBe(true);
    });

    test('the large document of one conversation is not in another', async () => {
      await scene.create(one, { fields: fieldsOf({ task: { previewMessage: textOf(1_000_000) } }) });
      await scene.create(two);
      expect((await scene.read(two)).task).toEqual({});
    });
  });
}

function unitOf(code: number): string {
  return String.fromCharCode(code);
}

/** JSON text with the names of every object in order: two values are the same JSON when their texts are. */
function canonical(value: Json | TaskDocument | undefined): string {
  if (Array.isArray(value)) return `[${(value as readonly Json[]).map(canonical).join(',')}]`;
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  const entries = Object.entries(value).toSorted(([a], [b]) => (a < b ? -1 : 1));
  return `{${entries.map(([name, inner]) => `${JSON.stringify(name)}:${canonical(inner)}`).join(',')}}`;
}
