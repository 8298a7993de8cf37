import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Verdict } from '../retry/classify.ts';
import { resources, type Resource } from '../retry/resource.ts';
import {
  advance,
  candidates,
  freeAt,
  isInRotation,
  startPool,
  worse,
  type PoolEvent,
  type PoolState,
  type Standing,
} from './token-state.ts';
import { choose } from './testing/choose.ts';

const minute = 60_000;
const hour = 60 * minute;
const count = 4;

const tokens = fc.integer({ min: 0, max: count - 1 });
const anyResource = fc.constantFrom<Resource>(...resources);
const times = fc.integer({ min: 0, max: 3 * hour });
const verdicts: fc.Arbitrary<Verdict> = fc.oneof(
  fc.constant<Verdict>({ kind: 'success' }),
  fc.constant<Verdict>({ kind: 'final', reason: 'unauthorized' }),
  fc.constant<Verdict>({ kind: 'final', reason: 'refused' }),
  fc.constant<Verdict>({ kind: 'transient' }),
  fc
    .record({
      limit: fc.constantFrom('primary' as const, 'secondary' as const),
      resource: anyResource,
      notBeforeMs: fc.option(times, { nil: undefined }),
    })
    .map(({ notBeforeMs, ...rest }): Verdict => ({
      kind: 'limited',
      ...rest,
      ...(notBeforeMs !== undefined && { notBeforeMs }),
    })),
);
const quotas = fc.record({ resource: anyResource, remaining: fc.integer({ min: 0, max: 2 }), resetAtMs: times });
/** Times within a run only go on. */
const events: fc.Arbitrary<readonly PoolEvent[]> = fc.array(
  fc.oneof(
    fc.record({ kind: fc.constant('taken' as const), token: tokens }),
    fc
      .record({ token: tokens, atMs: times, verdict: verdicts, quota: fc.option(quotas, { nil: undefined }) })
      .map(({ quota, ...rest }): PoolEvent => ({ kind: 'ended', ...rest, ...(quota && { quota }) })),
    fc.record({
      kind: fc.constant('identified' as const),
      token: tokens,
      atMs: times,
      account: fc.constantFrom('ada', 'grace'),
    }),
  ),
  { maxLength: 30 },
);

function after(all: readonly PoolEvent[], from: PoolState = startPool(count)): PoolState {
  return all.reduce((state, event) => advance(state, event).state, from);
}

const ended = (token: number, atMs: number, verdict: Verdict): PoolEvent => ({ kind: 'ended', token, atMs, verdict });
const limited = (limit: 'primary' | 'secondary', resource: Resource, notBeforeMs?: number): Verdict => ({
  kind: 'limited',
  limit,
  resource,
  ...(notBeforeMs !== undefined && { notBeforeMs }),
});
const unauthorized: Verdict = { kind: 'final', reason: 'unauthorized' };

describe('whatever happened, a choice', () => {
  test('is never a token that cools down, is quarantined, or is a spare', () => {
    fc.assert(
      fc.property(events, anyResource, times, (all, resource, atMs) => {
        const state = after(all);
        const choice = choose(state, resource, atMs);
        if (choice.kind !== 'token') return;
        const token = state.tokens[choice.token];
        expect(token && freeAt(token, resource)).toBeLessThanOrEqual(atMs);
        expect(isInRotation(state, choice.token, atMs)).toBe(true);
      }),
    );
  });

  test('names, with all of them cooling down, the earliest time, and then there is a token', () => {
    fc.assert(
      fc.property(events, anyResource, times, (all, resource, atMs) => {
        const state = after(all);
        const choice = choose(state, resource, atMs);
        if (choice.kind !== 'cooling') return;
        const inRotation = state.tokens.filter((_, index) => isInRotation(state, index, atMs));
        expect(choice.untilMs).toBeGreaterThan(atMs);
        expect(choice.untilMs).toBe(Math.min(...inRotation.map((token) => freeAt(token, resource))));
        expect(choose(state, resource, choice.untilMs).kind).toBe('token');
        expect(choose(state, resource, choice.untilMs - 1).kind).not.toBe('none');
      }),
    );
  });

  test('is there whenever one in rotation is free', () => {
    fc.assert(
      fc.property(events, anyResource, times, (all, resource, atMs) => {
        const state = after(all);
        const isFree = state.tokens.some(
          (token, index) => isInRotation(state, index, atMs) && freeAt(token, resource) <= atMs,
        );
        expect(choose(state, resource, atMs).kind === 'token').toBe(isFree);
      }),
    );
  });

  test('comes from one token of each user only', () => {
    fc.assert(
      fc.property(events, times, (all, atMs) => {
        const state = after(all);
        const accounts = state.tokens
          .filter((_, index) => isInRotation(state, index, atMs))
          .flatMap(({ account }) => account ?? []);
        expect(new Set(accounts).size).toBe(accounts.length);
      }),
    );
  });

  test('is not made possible earlier by a later event: cool-downs only get longer', () => {
    fc.assert(
      fc.property(events, events, anyResource, (before, then, resource) => {
        const state = after(before);
        const next = after(then, state);
        state.tokens.forEach((token, index) => {
          const later = next.tokens[index];
          // What was taken for another user's may turn out to be this one's, and then has this one's cool-downs.
          expect(later && freeAt(later, resource)).toBeGreaterThanOrEqual(freeAt(token, resource));
        });
      }),
    );
  });
});

describe('tokens that are all well', () => {
  test('are taken in turn', () => {
    let state = startPool(3);
    const taken = Array.from({ length: 7 }, () => {
      const choice = choose(state, 'core', 0);
      if (choice.kind !== 'token') return -1;
      state = after([{ kind: 'taken', token: choice.token }], state);
      return choice.token;
    });
    expect(taken).toEqual([0, 1, 2, 0, 1, 2, 0]);
  });

  test('come after the ones with fewer failures, until a minute for each has passed', () => {
    const state = after([ended(0, 0, { kind: 'transient' }), ended(0, 0, { kind: 'transient' })], startPool(1 + 1));
    const taken = after([{ kind: 'taken', token: 1 }], state);
    expect(choose(taken, 'core', 0)).toEqual({ kind: 'token', token: 1 });
    expect(choose(taken, 'core', 2 * minute - 1)).toEqual({ kind: 'token', token: 1 });
    expect(choose(taken, 'core', 2 * minute)).toEqual({ kind: 'token', token: 0 });
  });
});

describe('a limit', () => {
  test('of the quota holds for its resource only', () => {
    const state = after([ended(0, 0, limited('primary', 'search', minute))], startPool(1));
    expect(choose(state, 'search', 0)).toEqual({ kind: 'cooling', token: 0, untilMs: minute });
    expect(choose(state, 'core', 0)).toEqual({ kind: 'token', token: 0 });
    expect(choose(state, 'search', minute)).toEqual({ kind: 'token', token: 0 });
  });

  test('that is secondary holds for all resources', () => {
    const state = after([ended(0, 0, limited('secondary', 'search', minute))], startPool(1));
    for (const resource of resources) expect(choose(state, resource, minute - 1).kind).toBe('cooling');
  });

  test('that is met by a hundred requests at once is one limit and one failure', () => {
    const all = Array.from({ length: 100 }, (_, index) => ended(0, index, limited('secondary', 'core')));
    const [token] = after(all, startPool(1)).tokens;
    expect(token).toMatchObject({ failures: 1, cooling: { secondaryLimits: 1, allUntilMs: minute } });
  });

  test('that comes again at once is waited for twice as long, and from the start after a success', () => {
    const again = after([ended(0, 0, limited('secondary', 'core')), ended(0, minute, limited('secondary', 'core'))]);
    expect(choose(after([], again), 'core', minute)).toMatchObject({ kind: 'token', token: 1 });
    expect(again.tokens[0]?.cooling.allUntilMs).toBe(3 * minute);
    const well = after([ended(0, 3 * minute, { kind: 'success' })], again);
    expect(after([ended(0, hour, limited('secondary', 'core'))], well).tokens[0]?.cooling.allUntilMs).toBe(
      hour + minute,
    );
  });

  test('is not lifted by the answer to a request that went out before it', () => {
    const state = after([ended(0, 0, limited('secondary', 'core')), ended(0, 1, { kind: 'success' })], startPool(1));
    expect(state.tokens[0]?.cooling).toMatchObject({ secondaryLimits: 1, allUntilMs: minute });
  });

  test.each<readonly [what: string, event: PoolEvent]>([
    ['a primary limit', ended(0, hour, limited('primary', 'core', 1e15))],
    ['a secondary limit', ended(0, hour, limited('secondary', 'core', 1e15))],
    [
      'a quota',
      {
        kind: 'ended',
        token: 0,
        atMs: hour,
        verdict: { kind: 'success' },
        quota: { resource: 'core', remaining: 0, resetAtMs: 1e15 },
      },
    ],
  ])('that ends in thousands of years rests the token for a day: %s', (_what, event) => {
    expect(freeAt(after([event]).tokens[0]!, 'core')).toBe(25 * hour);
  });

  test('is seen coming: a good answer that used up the quota rests the token', () => {
    const quota = { resource: 'core', remaining: 0, resetAtMs: minute } as const;
    const state = after([{ kind: 'ended', token: 0, atMs: 0, verdict: { kind: 'success' }, quota }], startPool(1));
    expect(choose(state, 'core', 0)).toEqual({ kind: 'cooling', token: 0, untilMs: minute });
    expect(state.tokens[0]?.failures).toBe(0);
  });
});

describe('tokens of one user', () => {
  const identify = (token: number, account: string): PoolEvent => ({ kind: 'identified', token, atMs: 0, account });

  test('are one: the later in the list becomes a spare, and it is told once', () => {
    const first = advance(after([identify(1, 'ada')], startPool(3)), identify(0, 'ada'));
    expect(first.effects).toEqual([{ kind: 'same_user', token: 1, as: 0 }]);
    expect(advance(first.state, identify(0, 'ada')).effects).toEqual([]);
    expect([0, 1, 2].filter((index) => isInRotation(first.state, index, 0))).toEqual([0, 2]);
  });

  test('share what one of them has used up, also when it becomes known afterwards', () => {
    const state = after(
      [ended(1, 0, limited('primary', 'core', hour)), identify(0, 'ada'), identify(1, 'ada')],
      startPool(2),
    );
    expect(choose(state, 'core', 0)).toEqual({ kind: 'cooling', token: 0, untilMs: hour });
  });

  test('stand in for one another when one is refused', () => {
    const state = after([identify(0, 'ada'), identify(1, 'ada'), ended(0, 0, unauthorized)], startPool(2));
    expect(choose(state, 'core', 0)).toEqual({ kind: 'token', token: 1 });
  });
});

describe('a token that GitHub refuses', () => {
  test('is not used for an hour, and then tried again', () => {
    const first = advance(startPool(2), ended(0, 0, unauthorized));
    expect(first.effects).toEqual([{ kind: 'quarantined', token: 0, untilMs: hour }]);
    expect(choose(first.state, 'core', hour - 1)).toEqual({ kind: 'token', token: 1 });
    expect(choose(after([{ kind: 'taken', token: 1 }], first.state), 'core', hour)).toEqual({
      kind: 'token',
      token: 0,
    });
  });

  test('leaves, when it was the last, none, and nobody waits for it', () => {
    const state = after([ended(0, 0, unauthorized)], startPool(1));
    expect(choose(state, 'core', 0)).toEqual({ kind: 'none', why: 'all_refused' });
    expect(choose(startPool(0), 'core', 0)).toEqual({ kind: 'none', why: 'empty' });
  });
});

describe('an app’s installation', () => {
  test('goes before tokens of persons, even with failures, as long as it is free', () => {
    const state = after([{ kind: 'joined', isOfApp: true }, ended(1, 0, { kind: 'transient' })], startPool(1));
    expect(choose(state, 'core', 0)).toEqual({ kind: 'token', token: 1 });
    const limitedState = after([ended(1, 0, limited('primary', 'core', minute))], state);
    expect(candidates(limitedState, 'core', 0)).toEqual([
      { token: 0, freeAtMs: 0, mostAtOnce: Infinity },
      { token: 1, freeAtMs: minute, mostAtOnce: Infinity },
    ]);
    expect(choose(limitedState, 'core', minute)).toEqual({ kind: 'token', token: 1 });
  });
});

describe('what another process tells of a token', () => {
  const standingOf = (state: PoolState): Standing => state.tokens[0] ?? (startPool(1).tokens[0] as Standing);
  const told = (state: PoolState, standing: Standing): PoolState =>
    after([{ kind: 'told', token: 0, standing }], state);

  test('of a limit or a refusal holds here too, and never makes a pause shorter', () => {
    const here = after([ended(0, 0, limited('primary', 'search', hour))], startPool(1));
    const there = after([ended(0, 0, limited('primary', 'search', minute)), ended(0, 5, unauthorized)], startPool(1));
    const both = told(here, standingOf(there));
    expect(both.tokens[0]?.cooling.untilMs.search).toBe(hour);
    expect(isInRotation(both, 0, minute)).toBe(false);
  });

  test('of the end of a secondary limit is known here', () => {
    const here = after([ended(0, 0, limited('secondary', 'core', minute))], startPool(1));
    expect(candidates(here, 'core', minute)[0]?.mostAtOnce).toBe(1);
    const there = after(
      [1, 2, 3, 4].map((later) => ended(0, minute + later, { kind: 'success' })),
      here,
    );
    expect(candidates(told(here, standingOf(there)), 'core', minute)[0]?.mostAtOnce).toBe(3);
    // Of an older limit it says nothing about this one.
    const again = after([ended(0, minute, limited('secondary', 'core', hour))], here);
    expect(candidates(told(again, standingOf(there)), 'core', hour)[0]?.mostAtOnce).toBe(1);
  });

  test('comes to the same whoever tells whom, however often', () => {
    fc.assert(
      fc.property(events, events, (some, others) => {
        const [one, other] = [standingOf(after(some)), standingOf(after(others))];
        const first = worse(one, other);
        expect(worse(first, other)).toEqual(first);
        expect(worse(other, one).cooling).toEqual(first.cooling);
        expect(worse(other, one).quarantinedUntilMs).toBe(first.quarantinedUntilMs);
      }),
    );
  });
});
