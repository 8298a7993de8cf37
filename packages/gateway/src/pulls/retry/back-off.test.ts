import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { decide, exponentialDelayMs, secondaryDelayMs, type BackOffPolicy, type Progress } from './back-off.ts';
import type { Verdict } from './classify.ts';

const policies = fc.record<BackOffPolicy>({
  maxRetries: fc.integer({ min: 0, max: 100 }),
  baseDelayMs: fc.double({ min: 0, max: 3_600_000, noNaN: true }),
  maxDelayMs: fc.double({ min: 0, max: 3_600_000, noNaN: true }),
  exponentialBase: fc.double({ min: 1, max: 10, noNaN: true }),
  jitter: fc.boolean(),
  totalTimeoutMs: fc.integer({ min: 1, max: 86_400_000 }),
});

const progresses = fc
  .record({
    attempt: fc.integer({ min: 1, max: 101 }),
    startedAtMs: fc.integer({ min: 0, max: 4e12 }),
    tookMs: fc.integer({ min: 0, max: 100_000_000 }),
    secondaryLimits: fc.integer({ min: 0, max: 1000 }),
  })
  .map(({ tookMs, ...rest }): Progress => ({ ...rest, nowMs: rest.startedAtMs + tookMs }));

const chance = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true });
const asked = fc.option(fc.integer({ min: 0, max: 5e12 }), { nil: undefined });
const verdicts: fc.Arbitrary<Verdict> = asked.chain((notBeforeMs) => {
  const time = notBeforeMs === undefined ? {} : { notBeforeMs };
  return fc.constantFrom<Verdict>(
    { kind: 'limited', limit: 'primary', resource: 'core', ...time },
    { kind: 'limited', limit: 'secondary', resource: 'core', ...time },
    { kind: 'transient', ...time },
    { kind: 'unknown_outcome', ...time },
  );
});

describe('our own back-off', () => {
  test('is never above its cap, and never below zero', () => {
    fc.assert(
      fc.property(policies, fc.integer({ min: 1, max: 101 }), chance, (policy, attempt, random) => {
        const delayMs = exponentialDelayMs(policy, attempt, () => random);
        expect(delayMs).toBeGreaterThanOrEqual(0);
        expect(delayMs).toBeLessThanOrEqual(policy.maxDelayMs);
        expect(Number.isInteger(delayMs)).toBe(true);
      }),
    );
  });

  test('without jitter grows up to the cap and stays there', () => {
    fc.assert(
      fc.property(policies, fc.integer({ min: 1, max: 100 }), (policy, attempt) => {
        const plain = { ...policy, jitter: false };
        const delayMs = (of: number): number => exponentialDelayMs(plain, of, () => 0);
        expect(delayMs(attempt + 1)).toBeGreaterThanOrEqual(delayMs(attempt));
      }),
    );
  });

  test('with jitter uses the whole width from zero to what was reckoned', () => {
    const policy = { maxRetries: 3, baseDelayMs: 1000, maxDelayMs: 60_000, exponentialBase: 2, totalTimeoutMs: 1 };
    const delays = [0, 0.5, 0.999_999].map((random) =>
      exponentialDelayMs({ ...policy, jitter: true }, 3, () => random),
    );
    expect(delays).toEqual([0, 2000, 3999]);
  });
});

describe('a decision', () => {
  test('to try again is never earlier than the server asked', () => {
    fc.assert(
      fc.property(policies, verdicts, progresses, chance, (policy, verdict, progress, random) => {
        const decision = decide(policy, verdict, progress, () => random);
        if (decision.kind !== 'retry' || verdict.kind === 'success' || verdict.kind === 'final') return;
        const atMs = progress.nowMs + decision.delayMs;
        if (verdict.notBeforeMs !== undefined) expect(atMs).toBeGreaterThanOrEqual(verdict.notBeforeMs);
        else if (verdict.kind === 'limited') expect(decision.delayMs).toBeGreaterThanOrEqual(60_000);
      }),
    );
  });

  test('to try again leaves time before the deadline', () => {
    fc.assert(
      fc.property(policies, verdicts, progresses, chance, (policy, verdict, progress, random) => {
        const decision = decide(policy, verdict, progress, () => random);
        if (decision.kind !== 'retry') return;
        expect(progress.nowMs + decision.delayMs).toBeLessThan(progress.startedAtMs + policy.totalTimeoutMs);
      }),
    );
  });

  test('adds to what the server asked for at most our own back-off', () => {
    fc.assert(
      fc.property(policies, verdicts, progresses, chance, (policy, verdict, progress, random) => {
        const decision = decide(policy, verdict, progress, () => random);
        if (decision.kind !== 'retry' || verdict.kind === 'success' || verdict.kind === 'final') return;
        const silenceMs = verdict.kind === 'limited' ? secondaryDelayMs(progress.secondaryLimits) : 0;
        const askedMs = Math.max(0, (verdict.notBeforeMs ?? progress.nowMs + silenceMs) - progress.nowMs);
        expect(decision.delayMs - askedMs).toBeLessThanOrEqual(policy.maxDelayMs);
      }),
    );
  });

  test('allows as many attempts as the retries and one', () => {
    fc.assert(
      fc.property(policies, verdicts, progresses, chance, (policy, verdict, progress, random) => {
        const isLast = progress.attempt > policy.maxRetries;
        expect(decide(policy, verdict, progress, () => random).kind === 'exhausted').toBe(isLast);
      }),
    );
  });

  test('names a time that lies at or behind the deadline when the wait is too long', () => {
    fc.assert(
      fc.property(policies, verdicts, progresses, chance, (policy, verdict, progress, random) => {
        const decision = decide(policy, verdict, progress, () => random);
        if (decision.kind !== 'over_budget') return;
        expect(decision.availableAtMs).toBeGreaterThanOrEqual(progress.startedAtMs + policy.totalTimeoutMs);
      }),
    );
  });
});

test('secondary limits that name no time are waited for a minute, twice that, and so on up to an hour', () => {
  expect([0, 1, 2, 3, 6, 7, 2000].map(secondaryDelayMs)).toEqual([
    60_000, 60_000, 120_000, 240_000, 1_920_000, 3_600_000, 3_600_000,
  ]);
});
