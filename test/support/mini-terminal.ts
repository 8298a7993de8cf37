/** As much of a terminal as a test needs to see what is on the screen: wrapping, newlines and the moves that we make. */
export class MiniTerminal {
  readonly columns: number;
  readonly #rows: string[][] = [[]];
  #row = 0;
  /** May be the width: the next character goes to the next row. */
  #column = 0;
  #hasCursor = true;

  constructor(columns: number) {
    this.columns = columns;
  }

  /** Where the cursor stands, from the top left corner. */
  get cursor(): { readonly row: number; readonly column: number } {
    return { row: this.#row, column: Math.min(this.#column, this.columns - 1) };
  }

  /** Whether the cursor is to be seen. */
  get hasCursor(): boolean {
    return this.#hasCursor;
  }

  /** The rows without what styles them, without blanks at their ends and without empty rows at the end. */
  get text(): string {
    return this.#rows
      .map((row) =>
        Array.from(row, (cell) => cell ?? ' ')
          .join('')
          .trimEnd(),
      )
      .join('\n')
      .trimEnd();
  }

  write(bytes: string): void {
    const pattern = /\u001b\[([?\d;]*)([A-Za-z])|([\s\S])/gu;
    for (const [, numbers = '', command, character] of bytes.matchAll(pattern)) {
      if (command === undefined) this.#put(character ?? '');
      else this.#obey(command, Number(numbers.split(';')[0] || 1), numbers);
    }
  }

  #put(character: string): void {
    if (character === '\r') this.#column = 0;
    else if (character === '\n') this.#goTo(this.#row + 1, 0);
    else {
      if (this.#column >= this.columns) this.#goTo(this.#row + 1, 0);
      this.#cells()[this.#column] = character;
      this.#column += 1;
    }
  }

  #obey(command: string, count: number, numbers: string): void {
    switch (command) {
      case 'A':
        return this.#goTo(this.#row - count, Math.min(this.#column, this.columns - 1));
      case 'G':
        return this.#goTo(this.#row, count - 1);
      case 'J':
        this.#cells().splice(this.#column);
        this.#rows.splice(this.#row + 1);
        return;
      case 'K':
        this.#cells().splice(this.#column);
        return;
      case 'h':
      case 'l':
        if (numbers === '?25') this.#hasCursor = command === 'h';
        else if (!['?2004', '?2026'].includes(numbers)) throw new Error(`the mini terminal has no mode ${numbers}`);
        return;
      case 'm':
        return;
      default:
        throw new Error(`the mini terminal does not know ESC [ ${numbers} ${command}`);
    }
  }

  #goTo(row: number, column: number): void {
    if (row < 0) throw new Error('the cursor left the screen at the top');
    while (this.#rows.length <= row) this.#rows.push([]);
    this.#row = row;
    this.#column = column;
  }

  #cells(): string[] {
    return this.#rows[this.#row] as string[];
  }
}
