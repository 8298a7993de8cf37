import type { RetrySettings } from '../../retry/retry-settings.ts';
import { TokenPool } from '../../tokens/token-pool.ts';
import type { Admission, Admitted } from '../../admission/admission.ts';
import { documentedLimits } from '../../admission/budget-limits.ts';
import type { GitHubClientOptions } from '../client-options.ts';
import { RetryableGitHubClient } from '../retryable-github-client.ts';
import { TokenAdmission } from '../../admission/token-admission.ts';
import type { ScriptedGitHub } from './scripted-github.ts';

/** Waits that a test need not notice. */
export const quick: Partial<RetrySettings> = { baseDelay: 0.001, maxDelay: 0.002, jitter: false };

/** A door that counts what it let through and what came back of it; the second between writes is left out. */
export type CountingDoor = Admission & { readonly open: number; readonly ended: number; readonly unused: number };

export function countingDoor(tokens: readonly string[] = ['ghp_one']): CountingDoor {
  const door = new TokenAdmission(new TokenPool(tokens), { limits: { ...documentedLimits, contentApartMs: 0 } });
  const count = { open: 0, ended: 0, unused: 0 };
  return {
    get open() {
      return count.open;
    },
    get ended() {
      return count.ended;
    },
    get unused() {
      return count.unused;
    },
    async admit(ask, options): Promise<Admitted> {
      const admitted = await door.admit(ask, options);
      if (admitted.kind !== 'permit') return admitted;
      count.open += 1;
      let isOver = false;
      const end = (how: 'ended' | 'unused'): void => {
        if (isOver) throw new Error('a permit came back twice');
        isOver = true;
        count.open -= 1;
        count[how] += 1;
      };
      return {
        ...admitted,
        ended: (question, answer) => {
          end('ended');
          return admitted.ended(question, answer);
        },
        unused: () => {
          end('unused');
          admitted.unused();
        },
      };
    },
  };
}

/** A client of this server with a token `ghp_one`, and short waits. */
export function clientOf(github: ScriptedGitHub, options: GitHubClientOptions = {}): RetryableGitHubClient {
  return new RetryableGitHubClient({
    admission: countingDoor(),
    config: quick,
    baseUrl: github.url,
    ...options,
  });
}

export const shop = { owner: 'acme', repo: 'shop' } as const;
