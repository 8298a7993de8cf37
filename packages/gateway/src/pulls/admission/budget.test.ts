import { describe, expect, test } from 'vitest';
import type { Cost } from './budget-flying.ts';
import { judge } from './budget-judge.ts';
import { documentedLimits, shareOf } from './budget-limits.ts';
import {
  advanceBudget,
  freshBudget,
  memberMs,
  replayBudget,
  type BudgetEvent,
  type BudgetState,
  type ToldQuota,
} from './budget.ts';

const read: Cost = { resource: 'core', kind: 'read' };
const write: Cost = { resource: 'core', kind: 'write' };
const query: Cost = { resource: 'graphql', kind: 'read' };
const member = 'a';
const resetAtMs = 3_600_000;

/** `slowMs`: how long the answer was under way; by so much the reset seems later. */
const known = (used: number, resetMs = resetAtMs, slowMs = 0): ToldQuota => ({
  resource: 'core',
  limit: 5_000,
  used,
  resetAtMs: resetMs + slowMs,
  resetS: resetMs / 1_000,
});
const started = (cost: Cost, atMs = 0, by = member): BudgetEvent => ({ kind: 'started', member: by, atMs, cost });
const landed = (cost: Cost, told: ToldQuota = 'lost', atMs = 0, isFree = false, by = member): BudgetEvent => ({
  kind: 'landed',
  member: by,
  atMs,
  cost,
  told,
  isFree,
});
const after = (...events: readonly BudgetEvent[]): BudgetState => events.reduce(advanceBudget, freshBudget);
const ask = (state: BudgetState, cost: Cost, atMs = 0, options = {}) =>
  judge(state, cost, atMs, { member, ...options });
const now = { kind: 'now' };
const when = (why: string, atMs: number | undefined) => ({ kind: 'later', why, atMs });

const unlimited: BudgetState = { ...freshBudget, quotas: { core: { kind: 'none' }, graphql: { kind: 'none' } } };
const many = (count: number, ...events: readonly BudgetEvent[]): readonly BudgetEvent[] =>
  Array.from({ length: count }, () => events).flat();

describe('the quota', () => {
  test.each<[string, BudgetState, Cost, object]>([
    ['of which nothing is known lets one ahead', freshBudget, read, now],
    ['that is being found out holds the others back', after(started(read)), read, when('quota', undefined)],
    ['of another resource has nothing to do with it', after(started(read)), query, now],
    ['is found out again when there was no answer', after(started(read), landed(read)), read, now],
    [
      'is not limited when GitHub tells of none',
      after(started(read), landed(read, 'nothing'), started(read)),
      read,
      now,
    ],
    ['has room', after(started(read), landed(read, known(4_999))), read, now],
    ['has been used up', after(started(read), landed(read, known(5_000))), read, when('quota', resetAtMs)],
    [
      'is kept for what flies',
      after(started(read), landed(read, known(4_999)), started(read)),
      read,
      when('quota', undefined),
    ],
    [
      'counts what was sent and not answered',
      after(started(read), landed(read, known(4_998)), ...many(2, started(read), landed(read))),
      read,
      when('quota', resetAtMs),
    ],
    [
      'does not count what was free',
      after(started(read), landed(read, known(4_999)), started(read), landed(read, 'nothing', 0, true)),
      read,
      now,
    ],
    [
      'is the highest that was told: answers come out of order',
      after(...many(2, started(read)), landed(read, known(5_000)), landed(read, known(4_990))),
      read,
      when('quota', resetAtMs),
    ],
    [
      'is not told by an answer of the hour before',
      after(...many(2, started(read)), landed(read, known(5_000)), landed(read, known(10, 0))),
      read,
      when('quota', resetAtMs),
    ],
    [
      'is not new because an answer was long under way',
      after(...many(2, started(read)), landed(read, known(5_000)), landed(read, known(4_000, resetAtMs, 25_000))),
      read,
      when('quota', resetAtMs + 25_000),
    ],
    [
      'is told by a quick answer after one that was long under way',
      after(...many(2, started(read)), landed(read, known(4_000, resetAtMs, 25_000)), landed(read, known(5_000))),
      read,
      when('quota', resetAtMs + 25_000),
    ],
    [
      'is new in a new hour',
      after(...many(2, started(read)), landed(read, known(5_000)), landed(read, known(1, 2 * resetAtMs))),
      read,
      now,
    ],
  ])('%s', (_, state, cost, expected) => {
    expect(ask(state, cost)).toEqual(expected);
  });

  test('is whole again at its reset', () => {
    const state = after(started(read), landed(read, known(5_000)));
    expect(ask(state, read, resetAtMs - 1)).toEqual(when('quota', resetAtMs));
    expect(ask(state, read, resetAtMs)).toEqual(now);
  });
});

describe('the secondary limits', () => {
  const withEvents = (events: readonly BudgetEvent[]): BudgetState => events.reduce(advanceBudget, unlimited);

  test.each<[string, BudgetState, Cost, object]>([
    ['99 under way: one more', withEvents(many(99, started(read))), read, now],
    [
      '100 under way: none, of REST and GraphQL together',
      withEvents(many(50, started(read), started(query))),
      query,
      when('slots', undefined),
    ],
    ['900 points: no read', withEvents(many(180, started(write), landed(write))), read, when('points', 60_500)],
    [
      '899 points: a read',
      withEvents([...many(179, started(write), landed(write)), ...many(4, started(read), landed(read))]),
      read,
      now,
    ],
    [
      '896 points: no write',
      withEvents([...many(179, started(write), landed(write)), started(read), landed(read)]),
      write,
      when('points', 60_500),
    ],
    ['900 points of REST: GraphQL has its own', withEvents(many(180, started(write), landed(write))), query, now],
    [
      'points that fly count, from their landing at the earliest',
      withEvents(many(90, started(write), started(write), landed(write))),
      read,
      when('points', 60_500),
    ],
  ])('%s', (_, state, cost, expected) => {
    expect(ask(state, cost)).toEqual(expected);
  });

  test('after one of which only one request is under way at a time', () => {
    expect(ask(unlimited, read, 0, { mostAtOnce: 1 })).toEqual(now);
    expect(ask(withEvents([started(read)]), read, 0, { mostAtOnce: 1 })).toEqual(when('slots', undefined));
  });

  test('let what was not sent be sent again', () => {
    const full = withEvents(many(100, started(read)));
    expect(ask(advanceBudget(full, { kind: 'unused', member, atMs: 0, cost: read }), read)).toEqual(now);
  });

  test('are divided among those that cannot hear each other, and never to nothing', () => {
    expect(shareOf(documentedLimits, 4)).toEqual({
      requests: 25,
      restPoints: 225,
      graphqlPoints: 500,
      contentPerMinute: 20,
      contentPerHour: 125,
      contentApartMs: 4_000,
    });
    expect(shareOf(documentedLimits, 1_000)).toMatchObject({ requests: 1, restPoints: 5, contentPerHour: 1 });
  });
});

describe('points kept back for content-creating writes that wait', () => {
  const content: Cost = { resource: 'core', kind: 'content' };
  const waiting = (count: number, by = 'b', atMs = 0): BudgetEvent => ({ kind: 'waiting', member: by, atMs, count });
  const spent = (points: number): readonly BudgetEvent[] => many(points, started(read), landed(read));
  const then = (...events: readonly BudgetEvent[]): BudgetState => events.reduce(advanceBudget, unlimited);

  test.each<[string, BudgetState, Cost, object]>([
    ['are not for reads', then(...spent(850), waiting(10)), read, when('points', 60_500)],
    ['are not for plain writes', then(...spent(846), waiting(10)), write, when('points', 60_500)],
    ['are what is left otherwise', then(...spent(849), waiting(10)), read, now],
    ['are for any of the writes', then(...spent(895), waiting(10)), content, now],
    ['have nothing to do with GraphQL', then(...spent(900), waiting(10)), query, now],
    ['are of all members together', then(...spent(850), waiting(4), waiting(6, 'c')), read, when('points', 60_500)],
    ['are those of the caller too', then(...spent(850), waiting(10, member)), read, when('points', 60_500)],
    ['are free again when nobody waits any more', then(...spent(899), waiting(10), waiting(0)), read, now],
    ['are those of a minute at most, one write a second', then(...spent(599), waiting(1_000)), read, now],
    ['and not fewer', then(...spent(600), waiting(1_000)), read, when('points', 60_500)],
    [
      'are not kept a second time for writes that count already',
      then(...spent(599), ...many(59, started(content), landed(content)), started(content), waiting(1_000)),
      read,
      // 599 and 300, and nothing is kept.
      now,
    ],
  ])('%s', (_, state, cost, expected) => {
    expect(ask(state, cost)).toEqual(expected);
  });

  test('are none while the hour has no room for such a write', () => {
    const laterMs = 100_000;
    const full = many(500, started(content), landed(content));
    const state = then(...full, ...many(899, started(read, laterMs), landed(read, 'lost', laterMs)));
    expect(ask(advanceBudget(state, waiting(10, 'b', laterMs)), read, laterMs)).toEqual(now);
  });

  test('are free again when the member where they wait has died', () => {
    const state = [started(read, memberMs), landed(read, 'lost', memberMs)];
    const alone = then(waiting(10), ...many(850, ...state));
    expect(ask(alone, read, memberMs)).toEqual(when('points', memberMs + 60_500));
    expect(ask(alone, read, memberMs + 1)).toEqual(now);
  });
});

describe('members', () => {
  const flying = many(100, started(read, 0, 'dead')).reduce(advanceBudget, unlimited);

  test('that are not heard of any more have landed, and their points count from then on', () => {
    expect(ask(flying, read, memberMs)).toEqual(when('slots', undefined));
    expect(ask(flying, read, memberMs + 1)).toEqual(now);
    const rest = ask(flying, read, memberMs + 1, { limits: { ...documentedLimits, restPoints: 100 } });
    expect(rest).toEqual(when('points', 90_500));
  });

  test('that have died have used what flew for them of the quota', () => {
    const before = after(started(read), landed(read, known(4_990)));
    const state = many(8, started(read, 0, 'dead')).reduce(advanceBudget, before);
    const two = [started(read, memberMs + 1), landed(read, 'lost', memberMs + 1)];
    expect(ask(many(1, ...two).reduce(advanceBudget, state), read, memberMs + 1)).toEqual(now);
    expect(ask(many(2, ...two).reduce(advanceBudget, state), read, memberMs + 1)).toEqual(when('quota', resetAtMs));
  });

  test('never count as dead to themselves, and say what flies', () => {
    expect(ask(flying, read, 10 * memberMs, { member: 'dead' })).toEqual(when('slots', undefined));
    const of = { core: 99, search: 0, code_search: 0, graphql: 0 };
    const seen = { requests: 99, rest: 99, graphql: 0, content: 0, of };
    expect(
      ask(advanceBudget(flying, { kind: 'seen', member: 'dead', atMs: 20_000, flying: seen }), read, 40_000),
    ).toEqual(now);
  });
});

describe('clocks', () => {
  const full = many(180, started(write, 5_000), landed(write, 'lost', 5_000)).reduce(advanceBudget, unlimited);

  test('that are behind are taken for as late as the newest that wrote', () => {
    // Ours shows 0 when the other's shows 5000: the room comes 60.5 s from now.
    expect(ask(full, read, 0)).toEqual(when('points', 60_500));
  });

  test('that are far ahead are not believed: what they wrote counts from now', () => {
    const wrong = many(180, started(write, 1e12), landed(write, 'lost', 1e12)).reduce(advanceBudget, unlimited);
    expect(ask(wrong, read, 1_000)).toEqual(when('points', 61_500));
  });

  test('are not taken for wrong by what is told late: nothing that others spent is forgotten the earlier', () => {
    const spent = many(180, started(write, 40_000), landed(write, 'lost', 40_000)).reduce(advanceBudget, unlimited);
    const late = replayBudget(spent, [started(read, 20_000), landed(read, 'lost', 20_100)], 40_000);
    expect(late.rest).toEqual({ spent: 901, slices: [[80, 901]] });
    expect(ask(late, read, 40_000)).toEqual(when('points', 100_500));
    // Without others in between it counts from when it was.
    expect(replayBudget(unlimited, [started(read, 20_000), landed(read, 'lost', 20_100)], 40_000).rest.slices).toEqual([
      [40, 1],
    ]);
  });
});
