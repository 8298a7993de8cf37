import { HoldfastError } from '@holdfast/protocol';
import type { Secret } from '../../lib/secret.ts';
import { secondaryDelayMs } from '../retry/back-off.ts';
import { classify, type Verdict } from '../retry/classify.ts';
import { readAnswer } from '../retry/read-answer.ts';
import type { AppTokens } from '../tokens/app-tokens.ts';
import type { PoolCandidate, TokenPool } from '../tokens/token-pool.ts';
import { installationToken } from '../tokens/token-source.ts';
import { shortMs } from './admission-held.ts';

/** Whether there is a secret to send something with. */
export type Readiness = { readonly kind: 'ready'; readonly secret: Secret } | Unready;

/**
 * `fetching`: there may be one in a moment; who can go with another need wait no longer than `shortUntilMs`, which has passed when it could not be
 * fetched before. `broken`: there will be none before `atMs`; with `isFinal` none before somebody does what `message` says.
 */
export type Unready =
  | { readonly kind: 'fetching'; readonly shortUntilMs: number }
  | { readonly kind: 'broken'; readonly atMs: number; readonly isFinal: boolean; readonly message: string };

/** What failed last, and how often in a row in this way. */
type Broken = Extract<Unready, { kind: 'broken' }> & {
  readonly because: 'limited' | 'failed' | 'refused';
  readonly inRow: number;
};

const fetchMs = 30_000;
/** Before GitHub is asked again for what it refused, or did not have; for what failed, once and at most. */
const refusedMs = 60_000;
const failedMs = 5_000;
const longestFailedMs = 60_000;
const wholeApp = 'app';

/** The secrets of a pool, and the fetching of those that are not there: an app's installations, and their tokens. */
export class AdmissionTokens {
  readonly #pool: TokenPool;
  readonly #app: AppTokens | undefined;
  readonly #changed: () => void;
  /** What is being fetched, and until when it is worth waiting for. */
  readonly #fetching = new Map<string, number>();
  readonly #broken = new Map<string, Broken>();
  readonly #installed = new Set<string>();
  readonly #closing = new AbortController();
  /** When the app last said where it is installed. */
  #installedAtMs: number | undefined;

  constructor(pool: TokenPool, app: AppTokens | undefined, changed: () => void) {
    this.#pool = pool;
    this.#app = app;
    this.#changed = changed;
  }

  /**
   * Of the app as a whole: whether it is known where it is installed. Ready without an app. Somebody who misses one (`isMissed`) has the app asked
   * again, once a minute at most: it may have come since.
   */
  installations(
    atMs: number,
    { isMissed = false }: { readonly isMissed?: boolean } = {},
  ): { readonly kind: 'ready' } | Unready {
    const app = this.#app;
    const againMs = this.#installedAtMs === undefined ? 0 : isMissed ? this.#installedAtMs + refusedMs : Infinity;
    if (!app || againMs > atMs) return { kind: 'ready' };
    return this.#fetch(wholeApp, atMs, async (signal) => {
      const all = await app.installations({ signal });
      if (all.length === 0) throw new HoldfastError('not_found', 'it is not installed anywhere');
      this.#installedAtMs = this.#pool.now();
      for (const one of all.filter(({ id }) => !this.#installed.has(id))) {
        this.#installed.add(one.id);
        this.#pool.join(installationToken(app, one), 'app');
      }
    });
  }

  of({ label, source }: PoolCandidate, atMs: number): Readiness {
    const secret = source.secret(atMs);
    if (secret) return { kind: 'ready', secret };
    return this.#fetch(label, atMs, async (signal) => {
      await source.renew?.({ signal });
      // Without this, one that is of no use would be fetched again and again, without a pause.
      if (!source.secret(this.#pool.now())) throw new HoldfastError('unavailable', 'the one that came has expired');
    });
  }

  /** Ends what is being fetched, and tells nobody. */
  close(): void {
    this.#closing.abort();
  }

  #fetch(label: string, atMs: number, fetch: (signal: AbortSignal) => Promise<void>): Unready {
    const broken = this.#broken.get(label);
    if (broken && broken.atMs > atMs) return broken;
    const known = this.#fetching.get(label);
    if (known !== undefined) return { kind: 'fetching', shortUntilMs: known };
    const shortUntilMs = broken ? atMs : atMs + shortMs;
    this.#fetching.set(label, shortUntilMs);
    void this.#run(label, fetch);
    return { kind: 'fetching', shortUntilMs };
  }

  async #run(label: string, fetch: (signal: AbortSignal) => Promise<void>): Promise<void> {
    try {
      await fetch(AbortSignal.any([AbortSignal.timeout(fetchMs), this.#closing.signal]));
      this.#broken.delete(label);
    } catch (error) {
      if (this.#closing.signal.aborted) return;
      const before = this.#broken.get(label);
      const broken = brokenBy(label, error, this.#pool.now(), before);
      this.#broken.set(label, broken);
      if (!before) this.#pool.warn({ kind: 'no_app_token', label, message: broken.message });
    }
    this.#fetching.delete(label);
    this.#changed();
  }
}

function brokenBy(label: string, error: unknown, atMs: number, before: Broken | undefined): Broken {
  const failed = readAnswer(error);
  const verdict = failed && classify({ method: 'GET' }, failed.answer, atMs);
  const because = reasonOf(verdict);
  const inRow = before?.because === because ? before.inRow + 1 : 1;
  const askedMs = verdict && 'notBeforeMs' in verdict ? verdict.notBeforeMs : undefined;
  const what = label === wholeApp ? 'the installations of the GitHub App' : `a token for ${label}`;
  const why = (error instanceof Error ? error.message : String(error)).replace(/\.$/, '');
  const message = `GitHub did not give ${what}: ${why}. See GITHUB_APP_ID, GITHUB_APP_PRIVATE_KEY and GITHUB_APP_INSTALLATION_ID.`;
  const againMs = atMs + ownWaitMs(because, inRow, askedMs !== undefined);
  return {
    kind: 'broken',
    atMs: Math.max(againMs, askedMs ?? 0),
    isFinal: because === 'refused',
    message,
    because,
    inRow,
  };
}

function reasonOf(verdict: Verdict | undefined): Broken['because'] {
  if (verdict === undefined || verdict.kind === 'final') return 'refused';
  return verdict.kind === 'limited' ? 'limited' : 'failed';
}

/** Before GitHub is asked again, unless it wants to be left alone for longer. */
function ownWaitMs(because: Broken['because'], inRow: number, isTimeKnown: boolean): number {
  if (because === 'refused') return refusedMs;
  if (because === 'limited' && !isTimeKnown) return secondaryDelayMs(inRow);
  return Math.min(longestFailedMs, failedMs * 2 ** (inRow - 1));
}
