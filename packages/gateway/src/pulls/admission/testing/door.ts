import { vi } from 'vitest';
import type { Answer } from '../../retry/classify.ts';
import type { Admitted, Ask, Permit } from '../admission.ts';
import { documentedLimits } from '../budget-limits.ts';
import { openAdmission, type OpenAdmissionOptions } from '../open-admission.ts';

export const read: Ask = { resource: 'core', kind: 'read' };
export const content: Ask = { resource: 'core', kind: 'content' };
export const get = { method: 'GET' } as const;
export const minuteMs = 60_000;
export const lost: Answer = { kind: 'no_answer', reason: 'connection_lost' };

export function answer(status = 200, headers: Readonly<Record<string, string>> = {}, message = ''): Answer {
  return { kind: 'response', status, headers, ...(message !== '' && { body: { message } }) };
}

/** The headers that tell of a quota. */
export function quota(limit: number, left: number, resetMs: number): Readonly<Record<string, string>> {
  return {
    'x-ratelimit-limit': String(limit),
    'x-ratelimit-remaining': String(left),
    'x-ratelimit-reset': String(resetMs / 1_000),
  };
}

/** A door with one token, unless others are given. */
export function doorOf(options: Partial<OpenAdmissionOptions> = {}) {
  const { admission, pool } = openAdmission({ tokens: ['ghp_aaa'], ...options });
  const giveUp = new AbortController();
  const ask = (what: Ask = read, notAfterMs = Infinity, signal: AbortSignal = giveUp.signal): Promise<Admitted> => {
    const admitted = admission.admit(what, { signal, notAfterMs });
    // A test need not look at every one that it gave up.
    admitted.catch(() => undefined);
    return admitted;
  };
  return { admission, pool, ask, abort: () => giveUp.abort() };
}
doorOf.limits = documentedLimits;

export async function permitOf(admitted: Promise<Admitted> | undefined): Promise<Permit> {
  const result = await admitted;
  if (result?.kind !== 'permit') throw new Error(`There is no permit, but ${JSON.stringify(result)}.`);
  return result;
}

/** What has come of these, in their order, when all that is to happen now has happened. */
export async function settled(
  all: readonly Promise<Admitted>[],
): Promise<readonly (Admitted['kind'] | 'waiting' | 'given up')[]> {
  const kinds: (Admitted['kind'] | 'waiting' | 'given up')[] = all.map(() => 'waiting');
  all.forEach((one, index) => {
    one.then(
      ({ kind }) => (kinds[index] = kind),
      () => (kinds[index] = 'given up'),
    );
  });
  await vi.advanceTimersByTimeAsync(0);
  return kinds;
}
