import { describe, expect, test } from 'vitest';
import type { Reading } from './reader.ts';
import { RunTimeline } from './run-timeline.ts';

const run = (source: string, passedCount: number, failed = 0, authority: 1 | 2 = 1): Reading => ({
  source,
  kind: 'test',
  counts: { total: passedCount + failed, passedCount, failed, skipped: 0 },
  problems: [],
  saysFailed: failed > 0,
  authority,
});
const empty: Reading = {
  source: 'cargo test',
  kind: 'test',
  counts: { total: 0, passedCount: 0, failed: 0, skipped: 0 },
  problems: [],
  authority: 1,
};

/** `B` begins, `E` ends; each with its tool. */
function timeline(
  ...events: readonly (readonly ['B', string] | readonly ['E', string, Reading])[]
): Reading | undefined {
  const all = new RunTimeline();
  for (const [what, tool, reading] of events) {
    if (what === 'B') all.begin(tool);
    else if (reading) all.end(tool, reading);
  }
  return all.finish(0);
}

describe('a run inside another one does not count', () => {
  test('of another tool, whether it has said that it begins or not', () => {
    expect(timeline(['B', 'vitest'], ['E', 'jest', run('jest', 9, 9)], ['E', 'vitest', run('vitest', 2)])).toEqual(
      run('vitest', 2),
    );
    expect(
      timeline(['B', 'vitest'], ['B', 'jest'], ['E', 'jest', run('jest', 9)], ['E', 'vitest', run('vitest', 2)]),
    ).toEqual(run('vitest', 2));
  });

  test('of the same tool', () => {
    expect(
      timeline(['B', 'vitest'], ['B', 'vitest'], ['E', 'vitest', run('vitest', 9)], ['E', 'vitest', run('vitest', 2)]),
    ).toEqual(run('vitest', 2));
  });

  test('that only looks like an end', () => {
    expect(timeline(['B', 'vitest'], ['E', 'vitest', run('vitest', 9)], ['E', 'vitest', run('vitest', 2)])).toEqual(
      run('vitest', 2),
    );
  });

  test('that never ended', () => {
    expect(timeline(['B', 'vitest'], ['B', 'pytest'], ['E', 'vitest', run('vitest', 2)])).toEqual(run('vitest', 2));
  });
});

describe('runs one after the other', () => {
  test('are added up when each has said that it begins', () => {
    const sum = timeline(
      ['B', 'vitest'],
      ['E', 'vitest', run('vitest', 2)],
      ['B', 'playwright'],
      ['E', 'playwright', run('playwright', 1, 1)],
    );
    expect(sum).toEqual(run('vitest + playwright', 3, 1));
  });

  test('have no numbers when one has not: it may be an echo of another', () => {
    expect(timeline(['E', 'mocha', run('mocha', 2)], ['E', 'mocha', run('mocha', 3)])?.counts.total).toBeNull();
  });

  test('have failed when one of them has', () => {
    expect(timeline(['E', 'mocha', run('mocha', 2, 1)], ['E', 'jest', run('jest', 3)])?.saysFailed).toBe(true);
  });

  test('have no numbers when one has not ended', () => {
    const said = timeline(['B', 'vitest'], ['E', 'vitest', run('vitest', 2)], ['B', 'vitest']);
    expect(said?.counts.total).toBeNull();
    expect(said?.saysFailed).toBeUndefined();
  });
});

describe('one run that is told twice', () => {
  test('is the machine-readable one', () => {
    expect(timeline(['E', 'jest', run('jest', 2)], ['E', 'jest', run('jest JSON', 2, 0, 2)])).toEqual(
      run('jest JSON', 2, 0, 2),
    );
    expect(timeline(['E', 'mocha', run('mocha', 2)], ['E', 'JUnit', run('JUnit XML', 2, 0, 2)])?.source).toBe(
      'JUnit XML',
    );
  });

  test('is not told by a document inside another tool’s run', () => {
    const said = timeline(['B', 'vitest'], ['E', 'jest', run('jest JSON', 9, 0, 2)], ['E', 'vitest', run('vitest', 2)]);
    expect(said).toEqual(run('vitest', 2));
  });
});

describe('no tests', () => {
  test('beside a piece that has some say nothing', () => {
    expect(timeline(['B', 'c'], ['E', 'c', empty], ['B', 'c'], ['E', 'c', run('cargo test', 2)])?.saysFailed).toBe(
      false,
    );
  });

  test('alone are a failure', () => {
    expect(timeline(['B', 'c'], ['E', 'c', empty])?.saysFailed).toBe(true);
  });
});

test('pieces of a run have no numbers when the output may be cut', () => {
  const pieces = new RunTimeline();
  pieces.begin('go test');
  pieces.end('go test', run('go test', 2), 'may go on');
  expect(pieces.finish(0)?.counts.total).toBe(2);
  expect(pieces.finish(null)?.counts.total).toBeNull();
  expect(pieces.finish(137)?.counts.total).toBeNull();
});
