import { describe, expect, test } from 'vitest';
import { runContest, type Contest, type Outcome } from '../../bench/github/contest.ts';
import { failedIn, total } from '../../bench/github/figures.ts';
import { leastTime } from '../../bench/github/least-time.ts';
import { inOrder, mixOf } from '../../bench/github/request-mix.ts';
import { documentedLimits } from '../../bench/github/server/documented-limits.ts';
import { seed } from '../support/random.ts';

/*
 * Four processes against a simulated GitHub with its documented limits, but for the hour, which is five minutes and 600 requests: they have to wait
 * for the minute and for that. Every clock runs 20 times as fast. The whole run, beside others: npm run bench -- github-limits.
 */

const requests = 900;
const limits = { ...documentedLimits, primary: { requests: 600, windowMs: 300_000 } };
const contest: Contest = {
  dealt: mixOf(requests, 4, seed),
  users: 1,
  limits,
  callersPerProcess: 50,
  speed: 20,
  seed,
};

function refusals(outcome: Outcome): number {
  return total(outcome, 'limitedPrimary') + total(outcome, 'limitedSecondary');
}

describe(`GitHub's limits, shared by four processes (seed ${seed})`, () => {
  test('no request is ever refused, none is sent while limited, and each is done exactly once', async () => {
    const outcome = await runContest({ name: 'Holdfast', module: 'holdfast' }, contest);
    expect(outcome.clients.map(({ failed }) => failed)).toEqual(contest.dealt.map(() => ({})));
    expect(outcome.clients.map(({ done }) => done)).toEqual(contest.dealt.map(({ length }) => length));
    expect({ doubled: outcome.doubled, missing: outcome.missing }).toEqual({ doubled: 0, missing: 0 });
    expect(outcome.server.unknown).toEqual({});
    expect(refusals(outcome)).toBe(0);
    expect([total(outcome, 'sentKnowing'), total(outcome, 'sentAfterTold')]).toEqual([0, 0]);
    expect(total(outcome, 'sent')).toBe(requests);
    // A repeated read is answered from what its process has, and not counted.
    const repeats = contest.dealt.flat().filter(({ isRepeat }) => isRepeat).length;
    expect(outcome.server.notModified).toBeGreaterThan(repeats / 2);
    const [account] = outcome.server.accounts;
    expect(account?.mostPointsPerMinute).toBeLessThanOrEqual(limits.pointsPerMinute);
    expect(account?.mostInFlight).toBeLessThanOrEqual(limits.concurrent);
    // By the clock that all share: there were limits to wait for. The hour begins with a whole second, so it may be over that much earlier.
    expect(outcome.tookMs).toBeGreaterThanOrEqual(leastTime(inOrder(contest.dealt), 1, limits, 0) - 1_000);
  });

  test('who does not keep count is refused in the same place, and goes on sending', async () => {
    const outcome = await runContest({ name: 'fetch', module: 'plain-fetch' }, { ...contest, speed: 60 });
    expect(refusals(outcome)).toBeGreaterThan(0);
    expect(total(outcome, 'sentKnowing')).toBeGreaterThan(0);
    expect(failedIn(outcome)).toBeGreaterThan(0);
  });
});
