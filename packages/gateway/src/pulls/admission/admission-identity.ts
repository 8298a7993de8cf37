import type { Secret } from '../../lib/secret.ts';
import type { Answer } from '../retry/classify.ts';
import type { AccountReader } from '../tokens/account-reader.ts';
import type { TokenPool } from '../tokens/token-pool.ts';
import type { AdmissionAccount, Flight } from './admission-account.ts';
import { SharedAccount } from './admission-shared.ts';
import type { Cost } from './budget-flying.ts';

/** Who a token acts as is found out by its first request. */
const identityCost: Cost = { resource: 'core', kind: 'read' };

const askingTimeoutMs = 30_000;
/** Before a question is put again: to another process that is asking, and to GitHub that did not say. */
const otherAsksMs = 500;
const notSaidMs = 300_000;

type Asked = {
  readonly label: string;
  readonly secret: Secret;
  readonly account: AdmissionAccount;
  /** The account that it belongs to, once it is known whose it is. */
  readonly owning: () => AdmissionAccount;
  /** Tells how the request went, as of any other. */
  readonly ended: (flight: Flight, answer: Answer) => void;
};

/**
 * Recognises tokens of the same user before they are used side by side: GitHub counts per user. A token alone has nobody to be the same as, and an
 * app's installation is an account of its own. One that GitHub does not tell of is taken for another user's.
 */
export class AdmissionIdentity {
  readonly #pool: TokenPool;
  readonly #reader: AccountReader | undefined;
  readonly #changed: () => void;
  readonly #asking = new Set<string>();
  readonly #notBeforeMs = new Map<string, number>();
  readonly #notSaidUntilMs = new Map<string, number>();
  readonly #closing = new AbortController();

  constructor(pool: TokenPool, reader: AccountReader | undefined, changed: () => void) {
    this.#pool = pool;
    this.#reader = reader;
    this.#changed = changed;
  }

  /** `known`: the token may be used; `unknown`: {@link ask} first; else something is under way until then. */
  of(label: string, atMs: number): 'known' | 'unknown' | { readonly atMs: number | undefined } {
    if (!this.#reader || !label.startsWith('token-') || this.#pool.accountOf(label) !== undefined) return 'known';
    if (this.#pool.labels().filter((one) => one.startsWith('token-')).length < 2) return 'known';
    if ((this.#notSaidUntilMs.get(label) ?? 0) > atMs) return 'known';
    if (this.#asking.has(label)) return { atMs: undefined };
    const notBeforeMs = this.#notBeforeMs.get(label) ?? 0;
    return notBeforeMs > atMs ? { atMs: notBeforeMs } : 'unknown';
  }

  ask(asked: Asked): void {
    this.#asking.add(asked.label);
    void this.#run(asked);
  }

  /** Ends what is being asked. */
  close(): void {
    this.#closing.abort();
  }

  async #run(asked: Asked): Promise<void> {
    const { label } = asked;
    try {
      await this.#find(asked);
    } catch {
      this.#notSaidUntilMs.set(label, this.#pool.now() + notSaidMs);
    }
    this.#asking.delete(label);
    this.#changed();
  }

  async #find({ label, secret, account, owning, ended }: Asked): Promise<void> {
    const shared = account instanceof SharedAccount ? account.user : undefined;
    // A store that does not answer is told of by the account; the question is GitHub's then.
    const known = await shared?.find().catch(() => undefined);
    if (known?.kind === 'user') return this.#pool.identify(label, known.user);
    if (known?.kind === 'wait') return this.#waitFor(label);
    const flight = await this.#flight(account);
    if (!flight) return this.#waitFor(label);
    const { answer, user } = await this.#answer(secret);
    ended(flight, answer);
    if (user === undefined) {
      this.#notSaidUntilMs.set(label, this.#pool.now() + notSaidMs);
      return;
    }
    this.#pool.identify(label, user);
    const first = owning();
    if (first !== account) countOn(first, this.#pool.now());
    await shared?.tell(user).catch(() => undefined);
  }

  #waitFor(label: string): void {
    this.#notBeforeMs.set(label, this.#pool.now() + otherAsksMs);
  }

  async #flight(account: AdmissionAccount): Promise<Flight | undefined> {
    const atMs = this.#pool.now();
    if (account.judge(identityCost, atMs, { mostAtOnce: Infinity }).kind !== 'now') return undefined;
    const { promise, resolve } = Promise.withResolvers<Flight | undefined>();
    account.claim({ cost: identityCost, decide: resolve }, atMs);
    this.#changed();
    return await promise;
  }

  async #answer(secret: Secret): ReturnType<AccountReader['read']> {
    try {
      const signal = AbortSignal.any([AbortSignal.timeout(askingTimeoutMs), this.#closing.signal]);
      const answer = await this.#reader?.read(secret, { signal });
      if (answer) return answer;
    } catch {
      // The request may have been sent: it counts.
    }
    return { answer: { kind: 'no_answer', reason: 'timeout' }, user: undefined };
  }
}

/** The question was one of that user's requests too. */
function countOn(account: AdmissionAccount, atMs: number): void {
  const decide = (flight: Flight | undefined): void => {
    if (flight) account.end(flight, { told: 'lost', isFree: false }, atMs);
  };
  account.claim({ cost: identityCost, decide }, atMs);
}
