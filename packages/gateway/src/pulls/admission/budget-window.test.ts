import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { documentedLimits, minute } from './budget-limits.ts';
import type { Cost } from './budget-flying.ts';
import { judge } from './budget-judge.ts';
import { advanceBudget, freshBudget, type BudgetState } from './budget.ts';
import { emptyWindow, forget, pullBack, roomAt, spend, type Window } from './budget-window.ts';

const member = 'a';

type Sent = { readonly atMs: number; readonly points: number };

/** What is asked for, after which pause, and how long its answer takes; GitHub may see it at any time in between. */
const asked = fc.array(
  fc.record({
    pauseMs: fc.oneof(fc.constant(0), fc.integer({ min: 0, max: 20_000 })),
    kind: fc.constantFrom<Cost['kind']>('read', 'write', 'content'),
    tookMs: fc.integer({ min: 0, max: 90_000 }),
    arrives: fc.double({ min: 0, max: 1, noNaN: true }),
  }),
  { minLength: 1, maxLength: 120 },
);
const limits = { ...documentedLimits, requests: 10, restPoints: 20, contentPerMinute: 5, contentPerHour: 12 };

/** Sends all, each as soon as the budget lets it, and gives when they arrived. */
function arrivals(all: typeof asked extends fc.Arbitrary<infer Value> ? Value : never): {
  readonly arrived: readonly (Sent & { readonly kind: Cost['kind'] })[];
  readonly flights: readonly (readonly [number, number])[];
} {
  let state: BudgetState = { ...freshBudget, quotas: { core: { kind: 'none' } } };
  let atMs = 1_000_000;
  const flying: { endMs: number; cost: Cost }[] = [];
  const arrived: (Sent & { kind: Cost['kind'] })[] = [];
  const flights: (readonly [number, number])[] = [];
  const land = (untilMs: number): void => {
    for (const one of flying.toSorted((a, b) => a.endMs - b.endMs)) {
      if (one.endMs > untilMs) break;
      flying.splice(flying.indexOf(one), 1);
      state = advanceBudget(state, {
        kind: 'landed',
        member,
        atMs: one.endMs,
        cost: one.cost,
        told: 'nothing',
        isFree: false,
      });
    }
  };
  for (const { pauseMs, kind, tookMs, arrives } of all) {
    const cost: Cost = { resource: 'core', kind };
    atMs += pauseMs;
    for (;;) {
      land(atMs);
      const judgement = judge(state, cost, atMs, { member, limits });
      if (judgement.kind === 'now') break;
      const nextEndMs = Math.min(...flying.map(({ endMs }) => endMs));
      const laterMs = Math.min(judgement.atMs ?? Infinity, nextEndMs);
      expect(laterMs).toBeGreaterThan(atMs);
      expect(laterMs).toBeLessThan(Infinity);
      atMs = laterMs;
    }
    state = advanceBudget(state, { kind: 'started', member, atMs, cost });
    flying.push({ endMs: atMs + tookMs, cost });
    arrived.push({ atMs: atMs + tookMs * arrives, points: kind === 'read' ? 1 : 5, kind });
    flights.push([atMs, atMs + tookMs]);
  }
  return { arrived, flights };
}

function mostWithin(lengthMs: number, sent: readonly Sent[]): number {
  return Math.max(
    0,
    ...sent.map(({ atMs }) =>
      sent
        .filter((other) => other.atMs >= atMs && other.atMs < atMs + lengthMs)
        .reduce((sum, { points }) => sum + points, 0),
    ),
  );
}

describe('what GitHub sees', () => {
  test('is within every limit in a window of any position, however long requests take to arrive', () => {
    fc.assert(
      fc.property(asked, (all) => {
        const { arrived, flights } = arrivals(all);
        const content = arrived.filter(({ kind }) => kind === 'content').map(({ atMs }) => ({ atMs, points: 1 }));
        expect(mostWithin(60_000, arrived)).toBeLessThanOrEqual(limits.restPoints);
        expect(mostWithin(60_000, content)).toBeLessThanOrEqual(limits.contentPerMinute);
        expect(mostWithin(3_600_000, content)).toBeLessThanOrEqual(limits.contentPerHour);
        const together = flights.map(([atMs]) => flights.filter(([from, to]) => from <= atMs && atMs < to).length);
        expect(Math.max(...together)).toBeLessThanOrEqual(limits.requests);
      }),
      { numRuns: 300 },
    );
  });
});

describe('a window', () => {
  test('lets through at least 98 % of its limit in the long run, and a burst at once', () => {
    fc.assert(
      fc.property(fc.integer({ min: 5, max: 900 }), fc.integer({ min: 0, max: 499 }), (limit, startMs) => {
        let window: Window = emptyWindow;
        let atMs = startMs;
        let spent = 0;
        const minutes = 30;
        while (atMs < startMs + minutes * minute.lengthMs) {
          window = forget(window, minute, atMs);
          const roomMs = roomAt(window, minute, { limit, flying: 0, amount: 1 }, atMs);
          if (roomMs > atMs) {
            atMs = roomMs;
            continue;
          }
          const amount = limit - window.spent;
          if (spent === 0) expect(amount).toBe(limit);
          window = spend(window, minute, amount, atMs);
          spent += amount;
        }
        expect(spent).toBeGreaterThanOrEqual(0.98 * limit * minutes);
      }),
    );
  });

  test('says when there is room: when enough of what was spent is forgotten', () => {
    const window = [0, 100, 700, 1_300].reduce((all, atMs) => spend(all, minute, 1, atMs), emptyWindow);
    expect(window).toEqual({
      spent: 4,
      slices: [
        [0, 2],
        [1, 1],
        [2, 1],
      ],
    });
    const room = (amount: number, flying = 0): number => roomAt(window, minute, { limit: 5, flying, amount }, 2_000);
    expect(room(1)).toBe(2_000);
    expect(room(2)).toBe(60_500);
    expect(room(4)).toBe(61_000);
    expect(room(5)).toBe(61_500);
    // What flies counts for a minute from its landing, which is now at the earliest.
    expect(room(5, 1)).toBe(62_000);
  });

  test('believes no clock that was far ahead', () => {
    const window = spend(spend(emptyWindow, minute, 3, 0), minute, 4, 86_400_000);
    const back = pullBack(window, minute, 1_000);
    expect(back).toEqual({
      spent: 7,
      slices: [
        [0, 3],
        [2, 4],
      ],
    });
    expect(forget(back, minute, 61_500)).toEqual(emptyWindow);
  });
});
