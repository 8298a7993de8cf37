export type Piece = {
  /** What there is to show now. */
  readonly piece: string;
  /** False: it replaces what was shown of the block. */
  readonly isContinued: boolean;
};

/** What was shown of each block, where nothing that was shown can be taken back. */
export class ShownBlocks {
  readonly #contents = new Map<string, string>();

  /** Reads a further message of a block (docs/protocol.md 3.5): a piece of it, or the whole. */
  read(key: string, content: string, isPiece: boolean): Piece {
    const shown = this.#contents.get(key) ?? '';
    this.#contents.set(key, isPiece ? shown + content : content);
    // Only a whole block is compared: comparing at each piece would cost the square of the block's length.
    if (isPiece) return { piece: content, isContinued: true };
    const isContinued = content.startsWith(shown);
    return { piece: isContinued ? content.slice(shown.length) : content, isContinued };
  }

  /** True when something of the block was shown. */
  delete(key: string): boolean {
    return this.#contents.delete(key);
  }

  clear(): void {
    this.#contents.clear();
  }
}
