import { HoldfastError } from '@holdfast/protocol';
import type { Secret } from '../../lib/secret.ts';
import { classify } from '../retry/classify.ts';
import { readAnswer } from '../retry/read-answer.ts';
import type { AppTokens } from '../tokens/app-tokens.ts';
import type { PoolCandidate, TokenPool } from '../tokens/token-pool.ts';
import { installationToken } from '../tokens/token-source.ts';

/** Whether there is a secret to send something with. `broken`: there will be none before `atMs`; with `isFinal` none before somebody does what `message` says. */
export type Readiness =
  | { readonly kind: 'ready'; readonly secret: Secret }
  | { readonly kind: 'fetching' }
  | { readonly kind: 'broken'; readonly atMs: number; readonly isFinal: boolean; readonly message: string };

const fetchMs = 30_000;
/** Before GitHub is asked again for what it refused, and for what failed. */
const refusedMs = 60_000;
const failedMs = 5_000;
const wholeApp = 'app';

/** The secrets of a pool, and the fetching of those that are not there: an app's installations, and their tokens. */
export class AdmissionTokens {
  readonly #pool: TokenPool;
  readonly #app: AppTokens | undefined;
  readonly #changed: () => void;
  readonly #fetching = new Set<string>();
  readonly #broken = new Map<string, Extract<Readiness, { kind: 'broken' }>>();
  #hasInstallations = false;

  constructor(pool: TokenPool, app: AppTokens | undefined, changed: () => void) {
    this.#pool = pool;
    this.#app = app;
    this.#changed = changed;
  }

  /** Of the app as a whole: whether it is known where it is installed. Ready without an app. */
  installations(atMs: number): { readonly kind: 'ready' } | Exclude<Readiness, { kind: 'ready' }> {
    const app = this.#app;
    if (!app || this.#hasInstallations) return { kind: 'ready' };
    return this.#fetch(wholeApp, atMs, async (signal) => {
      const all = await app.installations({ signal });
      if (all.length === 0) throw new HoldfastError('not_found', 'it is not installed anywhere');
      this.#hasInstallations = true;
      for (const one of all) this.#pool.join(installationToken(app, one), 'app');
    });
  }

  of({ label, source }: PoolCandidate, atMs: number): Readiness {
    const secret = source.secret(atMs);
    if (secret) return { kind: 'ready', secret };
    return this.#fetch(label, atMs, async (signal) => {
      await source.renew?.({ signal });
    });
  }

  #fetch(
    label: string,
    atMs: number,
    fetch: (signal: AbortSignal) => Promise<void>,
  ): Exclude<Readiness, { kind: 'ready' }> {
    const broken = this.#broken.get(label);
    if (broken && broken.atMs > atMs) return broken;
    if (!this.#fetching.has(label)) {
      this.#fetching.add(label);
      void this.#run(label, fetch);
    }
    return { kind: 'fetching' };
  }

  async #run(label: string, fetch: (signal: AbortSignal) => Promise<void>): Promise<void> {
    try {
      await fetch(AbortSignal.timeout(fetchMs));
      this.#broken.delete(label);
    } catch (error) {
      const isNews = !this.#broken.has(label);
      const broken = brokenBy(label, error, this.#pool.now());
      this.#broken.set(label, broken);
      if (isNews) this.#pool.warn({ kind: 'no_app_token', label, message: broken.message });
    }
    this.#fetching.delete(label);
    this.#changed();
  }
}

function brokenBy(label: string, error: unknown, atMs: number): Extract<Readiness, { kind: 'broken' }> {
  const failed = readAnswer(error);
  const verdict = failed && classify({ method: 'GET' }, failed.answer, atMs);
  const mayPass = verdict !== undefined && verdict.kind !== 'final';
  const waitMs = mayPass ? failedMs : refusedMs;
  const asked = mayPass && 'notBeforeMs' in verdict ? (verdict.notBeforeMs ?? 0) : 0;
  const what = label === wholeApp ? 'the installations of the GitHub App' : `a token for ${label}`;
  const why = error instanceof Error ? error.message : String(error);
  const message = `GitHub did not give ${what}: ${why}. See GITHUB_APP_ID, GITHUB_APP_PRIVATE_KEY and GITHUB_APP_INSTALLATION_ID.`;
  return { kind: 'broken', atMs: Math.max(atMs + waitMs, asked), isFinal: !mayPass, message };
}
