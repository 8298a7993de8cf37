/**
 * Where lines lie in the journal, sparsely: about one entry for a thousand lines, in memory only. It is written while
 * the lines are, and again from the file when a journal is opened.
 */
export class JournalIndex {
  readonly #offsets: number[] = [0];
  readonly #positions: number[] = [0];

  /** The line `offset` begins at byte `position`. Entries that stand too close to the last one are not kept. */
  note(offset: number, position: number): void {
    if (offset - (this.#offsets.at(-1) ?? 0) < 1024) return;
    this.#offsets.push(offset);
    this.#positions.push(position);
  }

  /** The nearest known line at or before `offset`: from there on it is counted. */
  before(offset: number): { readonly offset: number; readonly position: number } {
    let low = 0;
    let high = this.#offsets.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >>> 1;
      if ((this.#offsets[middle] ?? 0) <= offset) low = middle;
      else high = middle - 1;
    }
    return { offset: this.#offsets[low] ?? 0, position: this.#positions[low] ?? 0 };
  }
}
