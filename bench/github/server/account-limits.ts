import type { GitHubLimits } from './documented-limits.ts';
import { SlidingWindow } from './sliding-window.ts';

/** A request that has come in, as far as limits ask. */
export type Arrival = {
  readonly atMs: number;
  /** When it left its process, by the same clock. */
  readonly sentAtMs: number;
  readonly kind: 'read' | 'write' | 'content';
  /** Answered 304, which is not counted: https://docs.github.com/rest/using-the-rest-api/best-practices-for-using-the-rest-api#use-conditional-requests-if-appropriate */
  readonly isFree: boolean;
  /** The limits that its process has been told of. */
  readonly knows: readonly string[];
};

/** A time in which nothing is to be sent. */
export type Pause = { readonly id: string; readonly kind: 'primary' | 'secondary'; readonly untilMs: number };
export type Quota = {
  readonly limit: number;
  readonly used: number;
  readonly resetAtMs: number;
  /** Set once it is used up. */
  readonly pause: Pause | undefined;
};
export type Reception =
  | { readonly kind: 'served'; readonly quota: Quota }
  | { readonly kind: 'limited'; readonly pause: Pause; readonly quota: Quota };

export type AccountTally = {
  readonly sent: number;
  readonly counted: number;
  readonly limitedPrimary: number;
  readonly limitedSecondary: number;
  /** By a process that had been told of the limit in force. */
  readonly sentKnowing: number;
  /** After any process had been told of it. */
  readonly sentAfterTold: number;
  readonly mostInFlight: number;
  readonly mostPointsPerMinute: number;
  readonly mostContentPerMinute: number;
  readonly mostContentPerHour: number;
  /** Between two creations of content, as they were sent; null with fewer than two. */
  readonly leastContentGapMs: number | null;
};

const minuteMs = 60_000;

/**
 * One user's limits. What is refused counts towards none and makes no pause longer; it is counted as sent, for "continuing to make requests
 * while you are rate limited may result in the banning of your integration"
 * (https://docs.github.com/rest/using-the-rest-api/best-practices-for-using-the-rest-api#handle-rate-limit-errors-appropriately).
 */
export class AccountLimits {
  readonly #limits: GitHubLimits;
  readonly #name: string;
  readonly #points = new SlidingWindow(minuteMs);
  readonly #contentOfMinute = new SlidingWindow(minuteMs);
  readonly #contentOfHour = new SlidingWindow(60 * minuteMs);
  /** Of everything that came, refused or not. */
  readonly #sentPoints = new SlidingWindow(minuteMs);
  readonly #sentContent = new SlidingWindow(minuteMs);
  readonly #sentContentOfHour = new SlidingWindow(60 * minuteMs);
  readonly #contentSentAtMs: number[] = [];
  readonly #toldAtMs = new Map<string, number>();
  #resetAtMs = 0;
  #used = 0;
  #usedUp: Pause | undefined;
  #secondary: Pause | undefined;
  #pauses = 0;
  #inFlight = 0;
  #count = { sent: 0, counted: 0, limitedPrimary: 0, limitedSecondary: 0, sentKnowing: 0, sentAfterTold: 0 };
  #mostInFlight = 0;

  constructor(name: string, limits: GitHubLimits) {
    this.#name = name;
    this.#limits = limits;
  }

  /** One has come in; {@link ended} is called when it has been answered. */
  arrived(arrival: Arrival): Reception {
    const { atMs } = arrival;
    this.#roll(atMs);
    this.#note(arrival);
    const pause = this.#pauseAt(atMs) ?? this.#breachOf(arrival);
    if (pause) {
      this.#count[pause.kind === 'primary' ? 'limitedPrimary' : 'limitedSecondary'] += 1;
      return { kind: 'limited', pause, quota: this.#quota() };
    }
    this.#points.add(atMs, this.#pointsOf(arrival));
    if (arrival.kind === 'content') {
      this.#contentOfMinute.add(atMs, 1);
      this.#contentOfHour.add(atMs, 1);
    }
    if (!arrival.isFree) this.#use();
    return { kind: 'served', quota: this.#quota() };
  }

  ended(): void {
    this.#inFlight -= 1;
  }

  /** A process was told of this pause. */
  told(pause: Pause, atMs: number): void {
    if (!this.#toldAtMs.has(pause.id)) this.#toldAtMs.set(pause.id, atMs);
  }

  tally(): AccountTally {
    const gaps = this.#contentSentAtMs
      .toSorted((one, other) => one - other)
      .map((atMs, index, all) => atMs - (all[index - 1] ?? Number.NEGATIVE_INFINITY));
    return {
      ...this.#count,
      mostInFlight: this.#mostInFlight,
      mostPointsPerMinute: this.#sentPoints.highest,
      mostContentPerMinute: this.#sentContent.highest,
      mostContentPerHour: this.#sentContentOfHour.highest,
      leastContentGapMs: gaps.length < 2 ? null : Math.min(...gaps),
    };
  }

  #note(arrival: Arrival): void {
    const { atMs, sentAtMs } = arrival;
    this.#count.sent += 1;
    this.#inFlight += 1;
    this.#mostInFlight = Math.max(this.#mostInFlight, this.#inFlight);
    this.#sentPoints.add(atMs, this.#pointsOf(arrival));
    if (arrival.kind === 'content') {
      this.#sentContent.add(atMs, 1);
      this.#sentContentOfHour.add(atMs, 1);
      this.#contentSentAtMs.push(sentAtMs);
    }
    const pause = this.#pauseAt(atMs);
    if (!pause) return;
    if (arrival.knows.includes(pause.id)) this.#count.sentKnowing += 1;
    if (sentAtMs > (this.#toldAtMs.get(pause.id) ?? Number.POSITIVE_INFINITY)) this.#count.sentAfterTold += 1;
  }

  #pauseAt(atMs: number): Pause | undefined {
    return [this.#secondary, this.#usedUp].find((pause) => pause !== undefined && atMs < pause.untilMs);
  }

  #breachOf(arrival: Arrival): Pause | undefined {
    const { atMs, kind } = arrival;
    const limits = this.#limits;
    const isTooMuch =
      this.#inFlight > limits.concurrent ||
      this.#points.sumAt(atMs) + this.#pointsOf(arrival) > limits.pointsPerMinute ||
      (kind === 'content' &&
        (this.#contentOfMinute.sumAt(atMs) >= limits.contentPerMinute ||
          this.#contentOfHour.sumAt(atMs) >= limits.contentPerHour));
    if (!isTooMuch) return undefined;
    this.#secondary = this.#newPause('secondary', atMs + limits.secondaryPauseMs);
    return this.#secondary;
  }

  #roll(atMs: number): void {
    if (atMs < this.#resetAtMs) return;
    // To the second, as the header tells it.
    this.#resetAtMs = Math.floor(atMs / 1000) * 1000 + this.#limits.primary.windowMs;
    this.#used = 0;
  }

  #use(): void {
    this.#used += 1;
    this.#count.counted += 1;
    if (this.#used >= this.#limits.primary.requests) this.#usedUp = this.#newPause('primary', this.#resetAtMs);
  }

  #newPause(kind: Pause['kind'], untilMs: number): Pause {
    this.#pauses += 1;
    return { id: `${this.#name}-${kind}-${this.#pauses}`, kind, untilMs };
  }

  #quota(): Quota {
    const { requests } = this.#limits.primary;
    return {
      limit: requests,
      used: this.#used,
      resetAtMs: this.#resetAtMs,
      pause: this.#used >= requests ? this.#usedUp : undefined,
    };
  }

  #pointsOf({ kind }: Arrival): number {
    return kind === 'read' ? this.#limits.pointsOf.read : this.#limits.pointsOf.write;
  }
}
