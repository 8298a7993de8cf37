import type { Secret } from '../../lib/secret.ts';
import { TokenPool } from '../tokens/token-pool.ts';
import type { TokenWarning } from '../tokens/token-warning.ts';
import { machineClock } from './admission-clock.ts';
import { TokenAdmission, type TokenAdmissionOptions } from './token-admission.ts';

export type OpenAdmissionOptions = TokenAdmissionOptions & {
  readonly tokens: readonly (string | Secret)[];
  readonly onWarning?: (warning: TokenWarning) => void;
};

/** The door to GitHub for these tokens, and the pool that they are in. Throws `bad_message` for what cannot be a token. */
export function openAdmission(options: OpenAdmissionOptions): {
  readonly admission: TokenAdmission;
  readonly pool: TokenPool;
} {
  const { tokens, onWarning, clock = machineClock } = options;
  const pool = new TokenPool(tokens, { now: () => clock.now(), ...(onWarning && { onWarning }) });
  return { pool, admission: new TokenAdmission(pool, { ...options, clock }) };
}
