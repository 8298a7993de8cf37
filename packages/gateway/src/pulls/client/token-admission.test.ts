import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import type { Answer } from '../retry/classify.ts';
import type { Admitted, Ask, Permit } from './admission.ts';
import { openAdmission, type OpenAdmissionOptions } from './open-admission.ts';

const read: Ask = { resource: 'core', kind: 'read' };
const get = { method: 'GET' } as const;

function answer(status = 200, headers: Readonly<Record<string, string>> = {}): Answer {
  return { kind: 'response', status, headers };
}

function quota(limit: number, remaining: number, resetMs: number): Readonly<Record<string, string>> {
  const [total, left, reset] = [limit, remaining, resetMs / 1_000].map(String);
  return { 'x-ratelimit-limit': total ?? '', 'x-ratelimit-remaining': left ?? '', 'x-ratelimit-reset': reset ?? '' };
}

beforeEach(() => {
  vi.useFakeTimers({ now: 0 });
});
afterEach(() => {
  // An idle process can end.
  if (vi.getTimerCount() > 0) throw new Error('A timer is left.');
  vi.useRealTimers();
});

function doorOf(options: Partial<OpenAdmissionOptions> = {}) {
  const { admission, pool } = openAdmission({ tokens: ['ghp_aaa'], ...options });
  const ask = (
    what: Ask = read,
    notAfterMs = Infinity,
    signal: AbortSignal = new AbortController().signal,
  ): Promise<Admitted> => admission.admit(what, { signal, notAfterMs });
  return { admission, pool, ask };
}

async function permitOf(admitted: Promise<Admitted>): Promise<Permit> {
  const result = await admitted;
  if (result.kind !== 'permit') throw new Error(`no permit: ${result.kind}`);
  return result;
}

/** What has been settled of these, in their order, when all that is to happen now has happened. */
async function settled(all: readonly Promise<Admitted>[]): Promise<readonly (Admitted['kind'] | 'waiting')[]> {
  const kinds: (Admitted['kind'] | 'waiting')[] = all.map(() => 'waiting');
  all.forEach((one, index) => void one.then(({ kind }) => (kinds[index] = kind)));
  await vi.advanceTimersByTimeAsync(0);
  return kinds;
}

describe('the door', () => {
  test('lets requests through at once, in their order, and the quota’s first alone until it has told of it', async () => {
    const { ask } = doorOf();
    const first = await permitOf(ask());
    const others = [ask(), ask()];
    expect(await settled(others)).toEqual(['waiting', 'waiting']);
    expect(first.ended(get, answer(200, quota(5_000, 4_999, 3_600_000)))).toEqual({ kind: 'success' });
    expect(await settled(others)).toEqual(['permit', 'permit']);
  });
});
