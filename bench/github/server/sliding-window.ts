/** What happened in the last so many milliseconds, added up. Times are told in their order. */
export class SlidingWindow {
  readonly #spanMs: number;
  readonly #entries: { readonly atMs: number; readonly weight: number }[] = [];
  #first = 0;
  #sum = 0;
  #highest = 0;

  constructor(spanMs: number) {
    this.#spanMs = spanMs;
  }

  /** The most that any span of this length held. */
  get highest(): number {
    return this.#highest;
  }

  /** What the span that ends now holds. */
  sumAt(nowMs: number): number {
    for (let entry = this.#entries[this.#first]; entry !== undefined; entry = this.#entries[this.#first]) {
      if (nowMs - entry.atMs < this.#spanMs) break;
      this.#sum -= entry.weight;
      this.#first += 1;
    }
    return this.#sum;
  }

  add(nowMs: number, weight: number): void {
    this.sumAt(nowMs);
    this.#entries.push({ atMs: nowMs, weight });
    this.#sum += weight;
    this.#highest = Math.max(this.#highest, this.#sum);
  }

  /** The first instant from now on at which so much more would not make it more than `most`. */
  freeAt(nowMs: number, weight: number, most: number): number {
    let sum = this.sumAt(nowMs);
    let atMs = nowMs;
    for (let index = this.#first; sum + weight > most; index += 1) {
      const entry = this.#entries[index];
      if (entry === undefined) return atMs;
      sum -= entry.weight;
      atMs = entry.atMs + this.#spanMs;
    }
    return atMs;
  }
}
