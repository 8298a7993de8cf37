import { positionAfter, type Position } from './display-width.ts';

/** The line in which the user writes. */
export type PromptLine = {
  /** What stands before it; may be styled. */
  readonly label: string;
  readonly text: string;
  /** Index into `text`. */
  readonly cursor: number;
};

const clearDown = '\u001b[J';

/**
 * Keeps the line in which the user writes below an output that grows: the line is taken away, the output goes on where it
 * was (in the middle of a line too), the line is drawn again. Gives bytes and holds the positions; it writes nothing itself.
 */
export class Screen {
  readonly #columns: () => number;
  /** Where the output ends in its last row. */
  #column = 0;
  /** That row is full and the cursor stands at the beginning of the one below: a full row has no end to go back to. */
  #isBelowFullRow = false;
  /** The row of the cursor, from the first row of the prompt; undefined while no prompt is drawn. */
  #cursorRow: number | undefined;
  #drawn = '';

  constructor(columns: () => number) {
    this.#columns = columns;
  }

  /** The bytes that add `output` and show `prompt` below it (none: leave the cursor at the end of the output). */
  update(output: string, prompt: PromptLine | undefined): string {
    const key = JSON.stringify(prompt ?? null);
    if (output === '' && key === this.#drawn && this.#cursorRow !== undefined) return '';
    this.#drawn = key;
    return this.#erase() + this.#add(output) + (prompt === undefined ? '' : this.#draw(prompt));
  }

  /** The width has changed: where things stand is no longer known. Begins on a line of its own. */
  reset(): string {
    this.#drawn = '';
    const bytes = this.#cursorRow === undefined ? '\n' : `\r${up(this.#cursorRow)}${clearDown}`;
    this.#cursorRow = undefined;
    this.#column = 0;
    this.#isBelowFullRow = false;
    return bytes;
  }

  #erase(): string {
    if (this.#cursorRow === undefined) return '';
    const atPrompt = `\r${up(this.#cursorRow)}${clearDown}`;
    this.#cursorRow = undefined;
    if (this.#column >= this.#columns()) {
      this.#isBelowFullRow = true;
      return atPrompt;
    }
    return this.#column === 0 ? atPrompt : `${atPrompt}${up(1)}\u001b[${this.#column + 1}G`;
  }

  #add(output: string): string {
    if (output === '') return '';
    // The newline that ends the full row has been made already.
    const rest = this.#isBelowFullRow && output.startsWith('\n') ? output.slice(1) : output;
    const column = this.#isBelowFullRow ? 0 : this.#column;
    this.#isBelowFullRow = false;
    this.#column = positionAfter(rest, this.#columns(), { row: 0, column }).column;
    return rest;
  }

  #draw({ label, text, cursor }: PromptLine): string {
    const columns = this.#columns();
    const gap = this.#column > 0 && !this.#isBelowFullRow ? '\n' : '';
    this.#isBelowFullRow = false;
    const end = settled(positionAfter(label + text, columns), columns);
    const target = settled(positionAfter(label + text.slice(0, cursor), columns), columns);
    // A terminal goes to the next row only with the next character; when the row is full it is told to.
    const wrap = end.column === 0 && end.row > 0 ? '\n' : '';
    this.#cursorRow = target.row;
    return `${gap}${label}${text}${wrap}${up(end.row - target.row)}\u001b[${target.column + 1}G`;
  }
}

function settled(position: Position, columns: number): Position {
  return position.column >= columns ? { row: position.row + 1, column: 0 } : position;
}

function up(rows: number): string {
  return rows > 0 ? `\u001b[${rows}A` : '';
}
