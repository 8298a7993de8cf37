import { stripVTControlCharacters } from 'node:util';

/** Where a cursor stands, from the top left corner of what was written; `column` may be the width: the line is full. */
export type Position = { readonly row: number; readonly column: number };

/** Combining marks, joiners and variation selectors stand on the character before them. */
const zeroWidth = /^[\p{Mn}\p{Me}\p{Cf}\ufe0f]$/u;
const wide =
  /^[\u1100-\u115f\u2e80-\u303e\u3041-\u33ff\u3400-\u4dbf\u4e00-\u9fff\ua000-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6]$|^\p{Emoji_Presentation}$/u;

/** Moves over a text (styles do not count) as a terminal of `columns` does: it wraps when the next character has no room. */
export function positionAfter(text: string, columns: number, from: Position = { row: 0, column: 0 }): Position {
  let { row, column } = from;
  for (const character of stripVTControlCharacters(text)) {
    if (character === '\n') {
      row += 1;
      column = 0;
      continue;
    }
    const width = widthOf(character);
    if (column + width > columns) {
      row += 1;
      column = 0;
    }
    column += width;
  }
  return { row, column };
}

function widthOf(character: string): number {
  if (character >= ' ' && character <= '~') return 1;
  if (zeroWidth.test(character)) return 0;
  return wide.test(character) ? 2 : 1;
}
