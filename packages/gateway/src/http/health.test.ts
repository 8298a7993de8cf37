import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { readHealth, type HealthCheck } from './health.ts';

const part = (name: string, isRequired: boolean, check: HealthCheck['check']): HealthCheck => ({
  name,
  isRequired,
  check,
});
const up = async (): Promise<void> => undefined;
const down = async (): Promise<void> => Promise.reject(new Error('gone'));
const silent = (): Promise<void> => new Promise(() => undefined);

describe('health', () => {
  beforeEach(() => void vi.useFakeTimers({ now: 10_000 }));
  afterEach(() => void vi.useRealTimers());

  test.each([
    ['all parts work', [part('db', true, up), part('redis', false, up)], 'healthy', true, { db: true, redis: true }],
    [
      'a part that is not required is down',
      [part('db', true, up), part('redis', false, down)],
      'degraded',
      true,
      { db: true, redis: false },
    ],
    [
      'a required part is down',
      [part('db', true, down), part('redis', false, up)],
      'degraded',
      false,
      { db: false, redis: true },
    ],
    ['there are no parts', [], 'healthy', true, {}],
  ])('when %s', async (_name, checks, status, isReady, each) => {
    expect(await readHealth(checks, 4_000)).toEqual({ isReady, health: { status, checks: each, uptime: 6 } });
  });

  test('waits two seconds for a part that says nothing, and leaves no timer behind', async () => {
    const asked = readHealth([part('db', true, silent), part('redis', false, up)], 0);
    await vi.advanceTimersByTimeAsync(1_999);
    expect(vi.getTimerCount()).toBe(1);
    await vi.advanceTimersByTimeAsync(1);
    expect(await asked).toMatchObject({ isReady: false, health: { checks: { db: false, redis: true } } });
    expect(vi.getTimerCount()).toBe(0);
  });
});
