/** Places for requests that are under way: who finds none free waits, first come first served, so that no deadline runs while it does. */
export class Slots {
  readonly #patienceMs: number;
  readonly #waiting: (() => void)[] = [];
  #free: number;
  /** When somebody was last answered, by a clock that only goes forward. */
  #answeredAt = performance.now();

  /** `patienceMs`: an engine that has answered nobody for so long is not asked by those who have waited as long. */
  constructor(count: number, patienceMs: number) {
    this.#free = count;
    this.#patienceMs = patienceMs;
  }

  /** False when it is not worth asking any more; there is nothing to leave then. */
  async enter(): Promise<boolean> {
    if (this.#free > 0) {
      this.#free -= 1;
      return true;
    }
    const began = performance.now();
    await new Promise<void>((resolve) => {
      this.#waiting.push(resolve);
    });
    const isHopeless = performance.now() - Math.max(began, this.#answeredAt) >= this.#patienceMs;
    if (isHopeless) this.#next();
    return !isHopeless;
  }

  leave(wasAnswered: boolean): void {
    if (wasAnswered) this.#answeredAt = performance.now();
    this.#next();
  }

  #next(): void {
    const next = this.#waiting.shift();
    if (next === undefined) this.#free += 1;
    else next();
  }
}
