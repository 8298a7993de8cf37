import { randomUUID } from 'node:crypto';
import type { EntryStore } from '../../conversations/entry-store.ts';
import type { Secret } from '../../lib/secret.ts';
import type { Answer } from '../retry/classify.ts';
import type { AccountReader } from '../tokens/account-reader.ts';
import type { AppTokens } from '../tokens/app-tokens.ts';
import type { PoolCandidate, TokenPool } from '../tokens/token-pool.ts';
import type { AdmissionAccount, Flight, Waiting } from './admission-account.ts';
import type { AdmissionClock } from './admission-clock.ts';
import { earliest, isShort, shortEnd, type Held, type HeldToken, type Patience } from './admission-held.ts';
import { AdmissionIdentity } from './admission-identity.ts';
import { LocalAccount } from './admission-local.ts';
import { SharedAccount } from './admission-shared.ts';
import { AdmissionTokens } from './admission-tokens.ts';
import type { Ask } from './admission.ts';
import { apiOf } from './budget-flying.ts';
import type { BudgetLimits } from './budget-limits.ts';

export type PlacingParts = {
  readonly pool: TokenPool;
  readonly clock: AdmissionClock;
  readonly limits: BudgetLimits;
  readonly entries: EntryStore | undefined;
  readonly storeTimeoutMs: number;
  readonly app: AppTokens | undefined;
  readonly accounts: AccountReader | undefined;
  /** Something may have become possible. */
  readonly changed: () => void;
  /** A request that found out who a token is was answered. */
  readonly identified: (label: string, account: AdmissionAccount, flight: Flight, answer: Answer) => void;
};

/** Where a request may go, with what; or what holds it back, and until when, if that is known. */
export type Placing =
  | ({ readonly kind: 'start' } & Place)
  /** `full`: accounts that have no room, and of what kind; `wanted`: those of which nobody knows when they will. */
  | ({
      readonly kind: 'hold';
      /** When to look again, though it need not be free then. */
      readonly againMs?: number | undefined;
      readonly full: readonly FullAccount[];
      readonly wanted: readonly AdmissionAccount[];
      /** Accounts that have no room for it, though their tokens could be used. */
      readonly judged: readonly AdmissionAccount[];
    } & Held)
  | { readonly kind: 'none'; readonly message: string };

export type Place = {
  readonly label: string;
  readonly secret: Secret;
  readonly account: AdmissionAccount;
  /** GitHub refused the secret: true when another one is fetched in its place. */
  readonly refused: () => boolean;
  readonly accepted: () => void;
};

/** What an account may have no room for: requests under way, or points of an API. */
export type RoomKind = 'slots' | ReturnType<typeof apiOf>;
type FullAccount = { readonly account: AdmissionAccount; readonly kind: RoomKind };

/** Accounts that somebody in front waits for, by what there is no room for. */
export type FullAccounts = ReadonlyMap<AdmissionAccount, ReadonlySet<RoomKind>>;

/** Of the accounts that were looked at, those that a {@link Placing} tells of. */
type Room = {
  readonly full: FullAccount[];
  readonly wanted: AdmissionAccount[];
  readonly judged: AdmissionAccount[];
};

/** `againMs`: until when it is worth waiting for what is being fetched. */
type Tried = { readonly againMs?: number } & (Extract<Placing, { kind: 'start' }> | ({ readonly kind: 'held' } & Held));

/** Which of a pool's tokens a request goes with, by what the pool, their accounts and their owners allow. */
export class AdmissionPlacing {
  readonly #parts: PlacingParts;
  readonly #tokens: AdmissionTokens;
  readonly #identity: AdmissionIdentity;
  readonly #member = randomUUID().slice(0, 13);
  readonly #accounts = new Map<string, AdmissionAccount>();

  constructor(parts: PlacingParts) {
    this.#parts = parts;
    this.#tokens = new AdmissionTokens(parts.pool, parts.app, parts.changed);
    this.#identity = new AdmissionIdentity(parts.pool, parts.accounts, parts.changed);
  }

  /**
   * Nobody may pass who would take the room that somebody in front waits for. Reads go with what is free; what is written waits for an app's
   * installation whose hold is short.
   */
  place(ask: Ask, atMs: number, taken: FullAccounts, patience: Patience): Placing {
    const { all, message } = this.#parts.pool.candidates(ask.resource);
    const suited = inOrder(ask, ofOwner(ask.owner, all));
    if (suited.length === 0) return this.#nothing(ask, all.length, atMs, message);
    const installations = this.#tokens.installations(atMs);
    if (installations.kind === 'fetching' && isShort(installations.shortUntilMs, atMs, patience)) {
      return { ...heldBack, ...fetching, againMs: installations.shortUntilMs };
    }
    const room: Room = { full: [], wanted: [], judged: [] };
    const held: HeldToken[] = [];
    for (const candidate of suited) {
      const { isOfApp } = candidate;
      const soonMs = isOfApp || ask.kind === 'read' ? undefined : shortEnd(held, atMs, patience);
      if (soonMs !== undefined) return { kind: 'hold', ...earliest(held), againMs: soonMs, ...room };
      const { againMs, ...place } = this.#try(candidate, ask, atMs, taken, room);
      if (place.kind === 'start') return place;
      // An app's token is there in a moment; who opens a pull request should not depend on when it was asked for.
      if (againMs !== undefined && isShort(againMs, atMs, patience))
        return { ...place, kind: 'hold', againMs, ...room };
      held.push({ ...place, isOfApp });
    }
    const broken = held.find((one) => one.broken !== undefined)?.broken;
    if (broken !== undefined && held.every((one) => one.broken !== undefined)) return { kind: 'none', message: broken };
    return { kind: 'hold', ...earliest(held), ...room };
  }

  /** True while nothing forbids to use a token that was free a moment ago. */
  isFree(label: string, ask: Ask, atMs: number): boolean {
    const candidate = this.#parts.pool.candidates(ask.resource).all.find((one) => one.label === label);
    return candidate !== undefined && candidate.freeAtMs <= atMs;
  }

  /** Counts what nobody ended for too long as landed. */
  endForgotten(atMs: number): void {
    for (const account of this.#accounts.values()) account.endForgotten(atMs);
  }

  /** Lets the accounts tell what the others should hear. Returns when to do it again, if nothing happens before. */
  settle(atMs: number, waiting: ReadonlyMap<AdmissionAccount, Waiting>): number {
    return [...this.#accounts.values()].reduce(
      (nextMs, account) => Math.min(nextMs, account.settle(atMs, waiting.get(account) ?? noneWaiting) ?? Infinity),
      Infinity,
    );
  }

  /** Ends what is asked of GitHub, and gives back what other processes could use. */
  async close(): Promise<void> {
    this.#tokens.close();
    this.#identity.close();
    await Promise.all(
      [...this.#accounts.values()].map(async (account) => {
        if (account instanceof SharedAccount) await account.close();
      }),
    );
  }

  #try(candidate: PoolCandidate, ask: Ask, atMs: number, taken: FullAccounts, room: Room): Tried {
    if (candidate.freeAtMs > atMs) return { kind: 'held', why: 'cooling', atMs: candidate.freeAtMs };
    const account = this.#accountOf(candidate);
    const isTaken = taken.get(account);
    // Content has points kept back for it, which those in front do not get.
    if (isTaken?.has('slots') || (isTaken?.has(apiOf(ask)) && ask.kind !== 'content')) {
      return { kind: 'held', why: 'queue', atMs: undefined };
    }
    const judgement = account.judge(ask, atMs, candidate);
    if (judgement.kind === 'now') return this.#ready(candidate, account, atMs);
    room.judged.push(account);
    if (judgement.why === 'slots') room.full.push({ account, kind: 'slots' });
    if (judgement.why === 'points') room.full.push({ account, kind: apiOf(ask) });
    if (judgement.atMs === undefined) room.wanted.push(account);
    return { ...judgement, kind: 'held' };
  }

  #ready(candidate: PoolCandidate, account: AdmissionAccount, atMs: number): Tried {
    const { label, source } = candidate;
    const token = this.#tokens.of(candidate, atMs);
    if (token.kind === 'fetching') return { kind: 'held', ...fetching, againMs: token.shortUntilMs };
    if (token.kind === 'broken') {
      return { kind: 'held', why: 'token', atMs: token.atMs, ...(token.isFinal && { broken: token.message }) };
    }
    const { secret } = token;
    const identity = this.#identity.of(label, atMs);
    if (identity === 'unknown') {
      this.#identity.ask({
        label,
        secret,
        account,
        owning: () => this.#accountOf(candidate),
        ended: (flight, answer) => this.#parts.identified(label, account, flight, answer),
      });
      return { kind: 'held', ...fetching };
    }
    if (identity !== 'known') return { kind: 'held', why: 'token', atMs: identity.atMs };
    const refused = (): boolean => source.refused(secret);
    return { kind: 'start', label, secret, account, refused, accepted: () => source.accepted() };
  }

  #nothing(ask: Ask, count: number, atMs: number, message: string): Placing {
    const installations = this.#tokens.installations(atMs, { isMissed: true });
    if (installations.kind === 'fetching') return { ...heldBack, ...fetching };
    if (installations.kind === 'broken') {
      return installations.isFinal
        ? { kind: 'none', message: installations.message }
        : { ...heldBack, why: 'token', atMs: installations.atMs };
    }
    if (count === 0) return { kind: 'none', message };
    return {
      kind: 'none',
      message: `The GitHub App is not installed at ${ask.owner}; install it there, or set GITHUB_TOKEN.`,
    };
  }

  /** Tokens of one user are one account: the first one's. */
  #accountOf({ label, source }: PoolCandidate): AdmissionAccount {
    const { pool } = this.#parts;
    const user = pool.accountOf(label);
    const first = user === undefined ? undefined : pool.firstOf(user);
    const of = first && first.label !== label ? first : { label, source };
    const known = this.#accounts.get(of.label);
    if (known) return known;
    const account = this.#open(of.label, of.source.key);
    this.#accounts.set(of.label, account);
    return account;
  }

  #open(label: string, key: string): AdmissionAccount {
    const { entries, pool, clock, limits, storeTimeoutMs, changed } = this.#parts;
    if (!entries) return new LocalAccount(limits);
    return new SharedAccount({
      store: entries,
      key,
      member: this.#member,
      limits,
      clock,
      storeTimeoutMs,
      changed,
      standing: () => pool.standingOf(label),
      hear: ({ standing, user }) => {
        if (standing) pool.hear(label, standing);
        if (user !== undefined) pool.identify(label, user);
      },
      silent: (cause) => {
        const why = cause instanceof Error ? cause.message : String(cause);
        const message = `What other gateways do with ${label} is not known (${why}); until it is, this one keeps to a part of GitHub's limits.`;
        pool.warn({ kind: 'not_shared', label, message });
      },
    });
  }
}

const noneWaiting: Waiting = { isWanted: false, content: 0 };
const fetching = { why: 'token', atMs: undefined } as const;
const heldBack = { kind: 'hold', full: [], wanted: [], judged: [] } as const;

function ofOwner(owner: string | undefined, all: readonly PoolCandidate[]): readonly PoolCandidate[] {
  const name = owner?.toLowerCase();
  return name === undefined ? all : all.filter(({ source }) => source.owner === undefined || source.owner === name);
}

/** The one that is preferred goes first; then, for what is written, those of an app do, also when they are not free yet. */
function inOrder({ prefer, kind }: Ask, all: readonly PoolCandidate[]): readonly PoolCandidate[] {
  const rankOf = ({ label, isOfApp }: PoolCandidate): number =>
    label === prefer ? 0 : isOfApp && kind !== 'read' ? 1 : 2;
  return all.toSorted((one, other) => rankOf(one) - rankOf(other));
}
