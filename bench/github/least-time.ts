import type { WantedRequest } from './request-mix.ts';
import type { GitHubLimits } from './server/documented-limits.ts';
import { SlidingWindow } from './server/sliding-window.ts';

/**
 * The least simulated milliseconds in which any client could have these requests answered under these limits: it knows them all beforehand,
 * keeps their order, pays nothing for a repeat, sends each at the very instant at which some user's limits allow it, and each is answered after
 * `latencyMs`. (That it waits a second between comments is GitHub's advice and no limit, so it does not.)
 */
export function leastTime(
  requests: readonly WantedRequest[],
  users: number,
  limits: GitHubLimits,
  latencyMs: number,
): number {
  const accounts = Array.from({ length: users }, () => new PerfectClient(limits, latencyMs));
  let nowMs = 0;
  for (const request of requests) {
    const times = accounts.map((account) => account.freeAt(nowMs, request));
    nowMs = Math.min(...times);
    accounts[times.indexOf(nowMs)]?.send(nowMs, request);
  }
  return nowMs + latencyMs;
}

class PerfectClient {
  readonly #limits: GitHubLimits;
  readonly #points = new SlidingWindow(60_000);
  readonly #contentOfMinute = new SlidingWindow(60_000);
  readonly #contentOfHour = new SlidingWindow(3_600_000);
  readonly #inFlight: SlidingWindow;
  #resetAtMs = 0;
  #used = 0;

  constructor(limits: GitHubLimits, latencyMs: number) {
    this.#limits = limits;
    this.#inFlight = new SlidingWindow(latencyMs);
  }

  freeAt(nowMs: number, request: WantedRequest): number {
    const { pointsPerMinute, concurrent, contentPerMinute, contentPerHour, primary } = this.#limits;
    const isUsedUp = !request.isRepeat && nowMs < this.#resetAtMs && this.#used >= primary.requests;
    const content = request.kind === 'content' ? 1 : 0;
    return Math.max(
      isUsedUp ? this.#resetAtMs : nowMs,
      this.#points.freeAt(nowMs, this.#pointsOf(request), pointsPerMinute),
      this.#inFlight.freeAt(nowMs, 1, concurrent),
      this.#contentOfMinute.freeAt(nowMs, content, contentPerMinute),
      this.#contentOfHour.freeAt(nowMs, content, contentPerHour),
    );
  }

  send(nowMs: number, request: WantedRequest): void {
    this.#points.add(nowMs, this.#pointsOf(request));
    this.#inFlight.add(nowMs, 1);
    if (request.kind === 'content') {
      this.#contentOfMinute.add(nowMs, 1);
      this.#contentOfHour.add(nowMs, 1);
    }
    if (request.isRepeat) return;
    if (nowMs >= this.#resetAtMs) {
      this.#resetAtMs = nowMs + this.#limits.primary.windowMs;
      this.#used = 0;
    }
    this.#used += 1;
  }

  #pointsOf({ kind }: WantedRequest): number {
    return kind === 'read' ? this.#limits.pointsOf.read : this.#limits.pointsOf.write;
  }
}
