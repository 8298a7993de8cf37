import { widthOf } from '../conversations/table.ts';

const hideCursor = '\u001b[?25l';
const showCursor = '\u001b[?25h';
// A terminal that knows these shows a frame at once; others pass over them.
const beginFrame = '\u001b[?2026h';
const endFrame = '\u001b[?2026l';
const clearLine = '\u001b[K';
const clearDown = '\u001b[J';

/**
 * Draws lines in place at the end of a terminal's output, again and again. Gives bytes and holds what is drawn; it writes
 * nothing itself. Lines are shorter than the terminal is wide; of more lines than it is high the last are drawn.
 */
export class Repaint {
  #drawn: readonly string[] = [];
  #columns = 0;
  #hasHidden = false;

  /** The bytes that make what is drawn into `lines`; empty when nothing has changed. */
  draw(lines: readonly string[], size: { readonly columns: number; readonly rows: number }): string {
    const shown = lines.slice(-Math.max(1, size.rows - 1));
    const isSame = shown.length === this.#drawn.length && shown.every((line, at) => line === this.#drawn[at]);
    if (isSame && size.columns === this.#columns) return '';
    const up = this.#rowsAt(size.columns);
    const isNarrower = size.columns < this.#columns;
    this.#drawn = shown;
    this.#columns = size.columns;
    const hidden = this.#hasHidden ? '' : hideCursor;
    this.#hasHidden = true;
    const body = shown.map((line) => `${line}${clearLine}\n`).join('');
    // What wrapped in a window that became narrower is taken away as a whole.
    const start = `${up === 0 ? '' : `\u001b[${up}A`}\r${isNarrower ? clearDown : ''}`;
    return `${hidden}${beginFrame}${start}${body}${clearDown}${endFrame}`;
  }

  /** Leaves what is drawn where it is; what follows stands below it, with the cursor to be seen. */
  leave(): string {
    this.#drawn = [];
    const bytes = this.#hasHidden ? showCursor : '';
    this.#hasHidden = false;
    return bytes;
  }

  /** The rows that what is drawn takes now: terminals wrap anew when they become narrower. */
  #rowsAt(columns: number): number {
    return this.#drawn.reduce((sum, line) => sum + Math.max(1, Math.ceil(widthOf(line) / Math.max(1, columns))), 0);
  }
}
