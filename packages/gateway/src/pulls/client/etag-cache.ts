/** An answer that GitHub gave a name (`etag`) or a date, so that it can be asked whether it still holds. */
export type KeptAnswer = {
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Uint8Array<ArrayBuffer>;
};

export type EtagCacheOptions = {
  /** Bodies and addresses together. Default 16 MiB; 0 keeps nothing. */
  readonly maxBytes?: number;
  /** Default 2000. */
  readonly maxEntries?: number;
};

/**
 * Answers to reads, so that a repeated one costs no quota: GitHub answers 304 to a conditional request and does not count it
 * (https://docs.github.com/rest/using-the-rest-api/best-practices-for-using-the-rest-api#use-conditional-requests-if-appropriate). Nothing is ever
 * given without asking GitHub. What one token may see is not for another: entries are per label. The ones that were not used for longest go first.
 */
export class EtagCache {
  readonly #maxBytes: number;
  readonly #maxEntries: number;
  /** By what was asked, then by label; both in the order of their use. */
  readonly #known = new Map<string, Map<string, KeptAnswer>>();
  #bytes = 0;
  #entries = 0;

  constructor({ maxBytes = 16 * 1024 * 1024, maxEntries = 2000 }: EtagCacheOptions = {}) {
    this.#maxBytes = maxBytes;
    this.#maxEntries = maxEntries;
  }

  /** Bytes that are kept now. */
  get bytes(): number {
    return this.#bytes;
  }

  /** The token under which this was read last. */
  labelOf(asked: string): string | undefined {
    return [...(this.#known.get(asked)?.keys() ?? [])].at(-1);
  }

  /** What this token was answered last. */
  find(asked: string, label: string): KeptAnswer | undefined {
    const byLabel = this.#known.get(asked);
    const kept = byLabel?.get(label);
    if (!byLabel || !kept) return undefined;
    byLabel.delete(label);
    byLabel.set(label, kept);
    this.#known.delete(asked);
    this.#known.set(asked, byLabel);
    return kept;
  }

  /** Keeps an answer that has an `etag` or a `last-modified`, in the place of the one before; forgets that one otherwise. */
  keep(asked: string, label: string, answer: KeptAnswer): void {
    this.#forget(asked, label);
    const { headers } = answer;
    const isNamed = headers['etag'] !== undefined || headers['last-modified'] !== undefined;
    const size = sizeOf(asked, answer);
    if (!isNamed || /\bno-store\b/i.test(headers['cache-control'] ?? '') || size > this.#maxBytes) return;
    const byLabel = this.#known.get(asked) ?? new Map<string, KeptAnswer>();
    byLabel.set(label, answer);
    this.#known.delete(asked);
    this.#known.set(asked, byLabel);
    this.#bytes += size;
    this.#entries += 1;
    while (this.#bytes > this.#maxBytes || this.#entries > this.#maxEntries) this.#forgetOldest();
  }

  #forgetOldest(): void {
    for (const [asked, byLabel] of this.#known) {
      for (const label of byLabel.keys()) {
        this.#forget(asked, label);
        return;
      }
    }
  }

  #forget(asked: string, label: string): void {
    const byLabel = this.#known.get(asked);
    const kept = byLabel?.get(label);
    if (!byLabel || !kept) return;
    byLabel.delete(label);
    if (byLabel.size === 0) this.#known.delete(asked);
    this.#bytes -= sizeOf(asked, kept);
    this.#entries -= 1;
  }
}

/** An entry's own weight is a guess: two maps, the headers. */
function sizeOf(asked: string, { headers, body }: KeptAnswer): number {
  return asked.length + body.length + JSON.stringify(headers).length + 500;
}
