import type { ProjectId } from '@holdfast/protocol';
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { publishedBy } from './draft-end.ts';
import type { OutboxEvent } from './outbox-event.ts';
import { advance, giveUpAfterMs, openOutbox, type Outbox } from './outbox.ts';
import type { StepResult } from './target.ts';
import { samplePolicy } from './testing/sample-draft.ts';

const names = ['base', 'tree', 'branch', 'pull'] as const;
const results: Readonly<Record<(typeof names)[number], StepResult>> = {
  base: {},
  tree: { treeSha: 't' },
  branch: { branch: 'holdfast/d-1', headSha: 'h' },
  pull: { url: 'u', number: 7 },
};

function opened(atMs = 0): Outbox {
  const steps = names.map((name) => ({ name, isVisible: name === 'branch' || name === 'pull' }));
  return openOutbox(
    { draftId: 'd-1', projectId: 'shop' as ProjectId, content: { parts: 1, digest: 'x' }, policy: samplePolicy, steps },
    atMs,
  );
}

/** What is left after these events; a refused one is a fault of the test. */
function after(...events: readonly OutboxEvent[]): Outbox {
  return events.reduce((outbox, event) => {
    const then = advance(outbox, event);
    if (then.kind === 'refused') throw new Error(`${event.kind} is refused: ${then.reason}`);
    return then.outbox;
  }, opened());
}

const claimed: OutboxEvent = { kind: 'claim', owner: 'a', atMs: 0, untilMs: 100 };
const sending = (step: string, atMs = 1): OutboxEvent => ({ kind: 'sending', generation: 1, atMs, step });
const done = (step: (typeof names)[number]): OutboxEvent => ({
  kind: 'done',
  generation: 1,
  atMs: 2,
  step,
  result: results[step],
});
const failed: OutboxEvent = { kind: 'ended', generation: 1, end: { kind: 'failed', code: 'conflict', message: 'no' } };
const allDone = names.flatMap((name) => [sending(name), done(name)]);

describe('what is refused', () => {
  const rows: readonly (readonly [what: string, before: readonly OutboxEvent[], event: OutboxEvent, reason: string])[] =
    [
      ['a claim while another holds one', [claimed], { kind: 'claim', owner: 'b', atMs: 99, untilMs: 200 }, 'held'],
      ['a claim under the name of the holder', [claimed], { ...claimed, atMs: 50, untilMs: 150 }, 'held'],
      [
        'a claim before it is due',
        [claimed, interrupted(1)],
        { kind: 'claim', owner: 'b', atMs: 2, untilMs: 200 },
        'not_due',
      ],
      ['a claim of what is over', [claimed, failed, { kind: 'tidied', generation: 1 }], claimed, 'ended'],
      ['a send without a claim', [], sending('base'), 'stale'],
      ['a send of an older claim', [claimed, { ...claimed, atMs: 100, untilMs: 200 }], sending('base', 101), 'stale'],
      ['a send after the claim has run out', [claimed], sending('base', 100), 'stale'],
      [
        'a renewal after the claim has run out',
        [claimed],
        { kind: 'renew', generation: 1, atMs: 100, untilMs: 200 },
        'stale',
      ],
      [
        'a result of an older claim',
        [claimed, sending('base'), { ...claimed, atMs: 100, untilMs: 200 }],
        done('base'),
        'stale',
      ],
      ['a send after a cancellation', [claimed, { kind: 'cancel' }], sending('base'), 'stale'],
      ['a second end', [claimed, failed], failed, 'ended'],
      ['tidying what has not ended', [claimed], { kind: 'tidied', generation: 1 }, 'stale'],
      ['a cancellation once the branch may be there', [claimed, sending('branch')], { kind: 'cancel' }, 'too_late'],
      ['a cancellation of what has failed', [claimed, failed], { kind: 'cancel' }, 'ended'],
      ['another try of what is under way', [claimed], { kind: 'retry', atMs: 50 }, 'held'],
      ['another try of what is cancelled', [{ kind: 'cancel' }], { kind: 'retry', atMs: 50 }, 'ended'],
    ];

  test.each(rows)('%s', (_what, before, event, reason) => {
    expect(advance(after(...before), event)).toEqual({ kind: 'refused', reason });
  });
});

describe('what happens', () => {
  test('whoever may take a claim over has a new generation', () => {
    expect(after(claimed, { ...claimed, owner: 'b', atMs: 50, untilMs: 150, takeFrom: 'a' })).toMatchObject({
      generation: 2,
      claim: { owner: 'b', until: 150 },
    });
  });

  test('the results of all steps together are what was published', () => {
    expect(publishedBy(after(claimed, ...allDone).steps)).toEqual({
      kind: 'published',
      url: 'u',
      number: 7,
      headSha: 'h',
      treeSha: 't',
      branch: 'holdfast/d-1',
    });
    expect(publishedBy(after(claimed, sending('base'), done('base')).steps)).toBeUndefined();
  });

  test('pauses double with each failure up to an hour, begin anew after a success, and obey a limit that names its end', () => {
    let outbox = opened();
    const pauses: number[] = [];
    for (let now = 0; pauses.length < 10; now = outbox.notBefore) {
      const generation = outbox.generation + 1;
      outbox = next(next(outbox, { ...claimed, atMs: now, untilMs: now + 1 }), interrupted(generation, now));
      pauses.push((outbox.notBefore - now) / 1000);
    }
    expect(pauses).toEqual([15, 30, 60, 120, 240, 480, 960, 1920, 3600, 3600]);
    const failedOnce = after(claimed, interrupted(1, 10));
    const at = failedOnce.notBefore;
    const better = next(next(failedOnce, { ...claimed, atMs: at, untilMs: at + 9 }), {
      kind: 'done',
      generation: 2,
      atMs: at,
      step: 'base',
      result: {},
    });
    expect(next(better, interrupted(2, at)).notBefore).toBe(at + 15_000);
    expect(after(claimed, { ...interrupted(1, 10), notBefore: 7_000_000 }).notBefore).toBe(7_000_000);
    expect(after(claimed, { ...interrupted(1, 10), notBefore: 1e15 }).notBefore).toBe(giveUpAfterMs);
  });

  test('after a day of failures it has failed, and another try has a day again', () => {
    const outbox = after(claimed, interrupted(1, giveUpAfterMs));
    expect(outbox.end).toMatchObject({
      kind: 'failed',
      code: 'unavailable',
      message: expect.stringContaining('24 hours'),
    });
    const again = next(outbox, { kind: 'retry', atMs: giveUpAfterMs + 5 });
    expect(again).toMatchObject({ end: null, claim: null, openedAt: giveUpAfterMs + 5, notBefore: giveUpAfterMs + 5 });
  });

  test('what its processes die of is put off longer each time from the third on, and given up after a day', () => {
    const deaths: (readonly [pauseS: number, lastError: string | null])[] = [];
    let outbox = opened();
    for (let now = 0; outbox.end === null; now = Math.max(now + 1, outbox.notBefore)) {
      outbox = next(outbox, { ...claimed, atMs: now, untilMs: now + 1 });
      if (outbox.notBefore > now) {
        expect(advance(outbox, { ...claimed, atMs: outbox.notBefore - 1 })).toMatchObject({ reason: 'not_due' });
      }
      deaths.push([Math.max(0, outbox.notBefore - now) / 1000, outbox.lastError]);
    }
    expect(deaths.slice(0, 6).map(([pauseS]) => pauseS)).toEqual([0, 0, 0, 15, 30, 60]);
    expect(deaths[3]?.[1]).toMatch(/^3 attempts in a row came to nothing; the last was broken off/);
    expect(deaths.length).toBeLessThan(40);
    const { end } = outbox;
    expect(end).toMatchObject({ kind: 'failed', message: expect.stringMatching(/24 hours.*broken off.*try it again/) });
    expect(
      next(next(outbox, { kind: 'tidied', generation: outbox.generation }), { kind: 'retry', atMs: 9 }),
    ).toMatchObject({ end: null, failures: 0, notBefore: 9 });
  });

  test('a step that is done takes the blame from it, and so does who gives it back', () => {
    const left = { ...claimed, atMs: 100, untilMs: 200 };
    const better = after(claimed, left, { ...done('base'), generation: 2 } as OutboxEvent, {
      ...left,
      atMs: 200,
      untilMs: 300,
    });
    expect(better).toMatchObject({ failures: 1, notBefore: 0 });
    const given: OutboxEvent = { kind: 'released', generation: 1 };
    expect(after(claimed, given, claimed)).toMatchObject({ failures: 0, notBefore: 0 });
  });

  test('another try looks again at what people see, and at nothing else', () => {
    const outbox = next(after(claimed, ...allDone.slice(0, 6), failed), { kind: 'retry', atMs: 9 });
    expect(outbox.steps.map(({ phase }) => phase)).toEqual(['done', 'done', 'sending', 'waiting']);
  });
});

describe('at most one of each', () => {
  /** A gateway, from one thing that it does to the next; it may be killed between any two. */
  function* gateway(world: World, owner: string): Generator<void, void, void> {
    while (!world.outbox.isTidy) {
      const until = world.now + 100;
      const isOurs = world.say({ kind: 'claim', owner, atMs: world.now, untilMs: until });
      yield;
      if (isOurs) yield* carriedOn(world, until);
    }
  }

  function* carriedOn(world: World, until: number): Generator<void, void, void> {
    const { generation, steps } = world.outbox;
    for (const { name, phase } of steps) {
      if (phase === 'done') continue;
      const say = (): boolean => world.say({ kind: 'sending', generation, atMs: world.now, step: name });
      if (!say()) return;
      yield;
      if (phase !== 'sending' || !world.effects.has(name)) {
        yield;
        if (phase === 'sending' && !say()) return;
        yield;
        // Its signal aborts when the claim runs out: nothing arrives after that.
        if (world.now >= until) return;
        world.effects.set(name, (world.effects.get(name) ?? 0) + 1);
      }
      yield;
      if (!world.say({ kind: 'done', generation, atMs: world.now, step: name, result: {} })) return;
      yield;
    }
    world.say({ kind: 'ended', generation, end: { kind: 'cancelled' } });
    yield;
    world.say({ kind: 'tidied', generation });
  }

  class World {
    now = 0;
    outbox = opened();
    readonly effects = new Map<string, number>();

    say(event: OutboxEvent): boolean {
      const then = advance(this.outbox, event);
      if (then.kind === 'next') this.outbox = then.outbox;
      return then.kind === 'next';
    }
  }

  const deed = fc.oneof(
    { weight: 12, arbitrary: fc.record({ kind: fc.constant('go' as const), who: fc.nat(2) }) },
    { weight: 2, arbitrary: fc.record({ kind: fc.constant('kill' as const), who: fc.nat(2) }) },
    { weight: 2, arbitrary: fc.record({ kind: fc.constant('wait' as const), ms: fc.nat(120) }) },
  );

  test('whatever is killed when, however the clock runs and however many gateways are at it; and in the end there is one', () => {
    fc.assert(
      fc.property(fc.array(deed, { maxLength: 200, size: 'max' }), (deeds) => {
        const world = new World();
        let born = 0;
        const start = (): Generator<void, void, void> => gateway(world, `gateway-${(born += 1)}`);
        const gateways = [start(), start(), start()];
        for (const one of deeds) {
          if (one.kind === 'wait') world.now += one.ms;
          else if (one.kind === 'kill') gateways[one.who] = start();
          else gateways[one.who]?.next();
        }
        world.now += 1000;
        for (const _ of start()) world.now += 1;
        expect(names.map((name) => world.effects.get(name))).toEqual([1, 1, 1, 1]);
      }),
      { numRuns: 2000 },
    );
  });
});

function interrupted(generation: number, atMs = 1): Extract<OutboxEvent, { kind: 'interrupted' }> {
  return { kind: 'interrupted', generation, atMs, message: 'bad gateway' };
}

function next(outbox: Outbox, event: OutboxEvent): Outbox {
  const then = advance(outbox, event);
  if (then.kind === 'refused') throw new Error(`${event.kind} is refused: ${then.reason}`);
  return then.outbox;
}
