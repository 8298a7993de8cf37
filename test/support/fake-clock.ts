type Timer = { readonly at: number; readonly run: () => void };

/** Time that moves when it is told to. */
export class FakeClock {
  #now = 0;
  readonly #timers = new Set<Timer>();

  readonly now = (): number => this.#now;

  readonly setTimeout = (run: () => void, delayMs: number): unknown => {
    const timer = { at: this.#now + delayMs, run };
    this.#timers.add(timer);
    return timer;
  };

  readonly clearTimeout = (timer: unknown): void => {
    this.#timers.delete(timer as Timer);
  };

  /** How long each of the timers that are set has still to run, the shortest first. */
  get pendingMs(): readonly number[] {
    return Array.from(this.#timers, (timer) => timer.at - this.#now).toSorted((a, b) => a - b);
  }

  /** Moves on, and runs what falls due in its order. */
  advance(ms: number): void {
    const end = this.#now + ms;
    for (;;) {
      const [next] = [...this.#timers].filter((timer) => timer.at <= end).toSorted((a, b) => a.at - b.at);
      if (next === undefined) break;
      this.#timers.delete(next);
      this.#now = next.at;
      next.run();
    }
    this.#now = end;
  }
}
