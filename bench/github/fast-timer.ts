/** The machine's own timers, taken before they are replaced. */
const real = { setTimeout, clearTimeout };
const longestMs = 2 ** 31 - 1;

/** What a timer needs of a fast clock. */
export type TimerClock = { readonly speed: number; readonly now: () => number };

/**
 * A timer by a fast clock, with the verbs of Node's. It never fires before its time on that clock: Node's own may be a millisecond early, which
 * at 60 times the speed would be 60 ms. It may be late by what the machine needs, times the speed.
 */
export class FastTimer {
  readonly #clock: TimerClock;
  readonly #act: () => void;
  readonly #delayMs: number;
  readonly #repeats: boolean;
  #dueAtMs = 0;
  #timer: NodeJS.Timeout | undefined;
  #isRef = true;

  constructor(clock: TimerClock, act: () => void, delayMs: number | undefined, repeats: boolean) {
    this.#clock = clock;
    this.#act = act;
    const delay = Number(delayMs);
    // As Node has it: what is not from 1 to 2^31-1 is 1.
    this.#delayMs = delay >= 1 && delay <= longestMs ? Math.trunc(delay) : 1;
    this.#repeats = repeats;
    this.#begin();
  }

  ref(): this {
    this.#isRef = true;
    this.#timer?.ref();
    return this;
  }

  unref(): this {
    this.#isRef = false;
    this.#timer?.unref();
    return this;
  }

  hasRef(): boolean {
    return this.#isRef;
  }

  refresh(): this {
    if (this.#timer === undefined) return this;
    real.clearTimeout(this.#timer);
    this.#begin();
    return this;
  }

  close(): this {
    real.clearTimeout(this.#timer);
    this.#timer = undefined;
    return this;
  }

  [Symbol.dispose](): void {
    this.close();
  }

  #begin(): void {
    this.#dueAtMs = this.#clock.now() + this.#delayMs;
    this.#arm();
  }

  #arm(): void {
    const leftMs = Math.max(1, Math.floor((this.#dueAtMs - this.#clock.now()) / this.#clock.speed));
    this.#timer = real.setTimeout(() => this.#fire(), leftMs);
    if (!this.#isRef) this.#timer.unref();
  }

  #fire(): void {
    if (this.#clock.now() < this.#dueAtMs) return this.#arm();
    if (this.#repeats) this.#begin();
    else this.#timer = undefined;
    this.#act();
  }
}
