import fc from 'fast-check';
import { describe, expect, test, vi } from 'vitest';
import { connectWithRetry, type ConnectOptions } from './connect-with-retry.ts';
import { launchError } from './launch-error.ts';
import type { Launcher, LinkProcess } from './launcher.ts';

const link = {} as LinkProcess;
const refused = launchError('ssh_unreachable', 'ada@shop cannot be reached: Connection refused', { transient: true });
const denied = launchError('ssh_unreachable', 'ada@shop refuses the key');
const never = new AbortController().signal;

/** Starts that come out one after the other as given; the last one for ever. */
function launcherOf(...outcomes: readonly (Error | LinkProcess)[]): Launcher & { starts: () => number } {
  let starts = 0;
  return {
    name: 'ada@shop',
    starts: () => starts,
    start: async () => {
      const outcome = outcomes[Math.min(starts, outcomes.length - 1)];
      starts += 1;
      if (outcome instanceof Error) throw outcome;
      return outcome as LinkProcess;
    },
  };
}

function recordedPause() {
  const delaysMs: number[] = [];
  return { delaysMs, pause: async (delayMs: number): Promise<void> => void delaysMs.push(delayMs) };
}

describe('connecting with retries', () => {
  test('starts once when that succeeds', async () => {
    const launcher = launcherOf(link);
    const { pause, delaysMs } = recordedPause();
    await expect(connectWithRetry(launcher, { signal: never, pause })).resolves.toBe(link);
    expect([launcher.starts(), delaysMs]).toEqual([1, []]);
  });

  test('tries three times, with 1 s and 2 s between, and says so', async () => {
    const launcher = launcherOf(refused);
    const { pause, delaysMs } = recordedPause();
    const start = connectWithRetry(launcher, { signal: never, pause });
    await expect(start).rejects.toMatchObject({
      code: 'ssh_unreachable',
      transient: true,
      message: 'ada@shop cannot be reached: Connection refused (tried 3 times)',
      cause: refused,
    });
    expect([launcher.starts(), delaysMs]).toEqual([3, [1000, 2000]]);
  });

  test('tells of each fault that it tries again after', async () => {
    const onRetry = vi.fn<NonNullable<ConnectOptions['onRetry']>>();
    const { pause } = recordedPause();
    await connectWithRetry(launcherOf(refused, refused, link), { signal: never, pause, onRetry });
    expect(onRetry.mock.calls).toEqual([
      [{ error: refused, attempt: 1, delayMs: 1000 }],
      [{ error: refused, attempt: 2, delayMs: 2000 }],
    ]);
  });

  test('throws a final fault at once and as it is, also after transient ones', async () => {
    const launcher = launcherOf(refused, denied);
    const { pause, delaysMs } = recordedPause();
    await expect(connectWithRetry(launcher, { signal: never, pause })).rejects.toBe(denied);
    expect([launcher.starts(), delaysMs]).toEqual([2, [1000]]);
  });

  test('goes on without end when the caller wants that, with the last wait for all that follow', async () => {
    const launcher = launcherOf(refused, refused, refused, refused, refused, link);
    const { pause, delaysMs } = recordedPause();
    await connectWithRetry(launcher, { signal: never, pause, tries: Infinity });
    expect(delaysMs).toEqual([1000, 2000, 3000, 3000, 3000]);
  });

  test('ends in the middle of a wait when the signal aborts', async () => {
    const controller = new AbortController();
    const launcher = launcherOf(refused);
    const start = connectWithRetry(launcher, {
      signal: controller.signal,
      onRetry: () => controller.abort(new Error('stopping')),
    });
    await expect(start).rejects.toThrow('stopping');
    expect(launcher.starts()).toBe(1);
  });

  test('waits once between two tries, never shorter than before, whatever the number of faults', async () => {
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 0, max: 50 }), async (faults) => {
        const launcher = launcherOf(...Array.from({ length: faults }, () => refused), link);
        const { pause, delaysMs } = recordedPause();
        await connectWithRetry(launcher, { signal: never, pause, tries: Infinity });
        expect(delaysMs).toHaveLength(faults);
        expect(delaysMs).toEqual(delaysMs.toSorted((one, other) => one - other));
      }),
    );
  });
});
