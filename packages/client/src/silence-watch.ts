import type { Clock } from './clock.ts';

/** Tells when nothing was heard for `limitMs`. Hearing costs one assignment, not a timer. */
export class SilenceWatch {
  readonly #clock: Clock;
  readonly #onSilence: () => void;
  #limitMs = 0;
  #heardAt = 0;
  #timer: unknown;

  constructor(clock: Clock, onSilence: () => void) {
    this.#clock = clock;
    this.#onSilence = onSilence;
  }

  /** Starts anew; `onSilence` is called once, then the watch is off. */
  start(limitMs: number): void {
    this.stop();
    this.#limitMs = limitMs;
    this.#heardAt = this.#clock.now();
    this.#arm(limitMs);
  }

  heard(): void {
    this.#heardAt = this.#clock.now();
  }

  get silentMs(): number {
    return this.#clock.now() - this.#heardAt;
  }

  stop(): void {
    if (this.#timer !== undefined) this.#clock.clearTimeout(this.#timer);
    this.#timer = undefined;
  }

  #arm(delayMs: number): void {
    this.#timer = this.#clock.setTimeout(() => {
      this.#timer = undefined;
      const leftMs = this.#limitMs - this.silentMs;
      if (leftMs > 0) this.#arm(leftMs);
      else this.#onSilence();
    }, delayMs);
  }
}
