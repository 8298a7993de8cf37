import { positionAfter } from '../chat/display-width.ts';

/** A column: its heading, its cells, and what may happen to it when the line has too little room. */
export type Column<Row> = {
  readonly heading: string;
  readonly cell: (row: Row) => string;
  /** Left out when there is no room, the highest first; undefined: always there. */
  readonly dropFirst?: number;
  /** Takes what room is left, and is cut. Only the last column may. */
  readonly takesRest?: boolean;
  readonly paint?: (text: string) => string;
};

const gap = 2;
const minRest = 16;

/** Lines of at most `width` columns of a terminal, the heading first. Cells have no control characters. */
export function tableLines<Row>(rows: readonly Row[], columns: readonly Column<Row>[], width: number): string[] {
  const shown = fitting(rows, columns, width);
  const used = shown.filter(({ column }) => column.takesRest !== true).reduce((sum, { size }) => sum + size + gap, 0);
  const line = (textOf: (column: Column<Row>) => string, isHeading: boolean): string =>
    shown
      .map(({ column, size }, index) => {
        const room = column.takesRest === true ? Math.max(width - used, minRest) : size;
        const text = cut(textOf(column), room);
        const padding = index === shown.length - 1 ? '' : ' '.repeat(Math.max(0, room - widthOf(text)));
        return (isHeading ? text : (column.paint?.(text) ?? text)) + padding;
      })
      .join(' '.repeat(gap))
      .trimEnd();
  return [line(({ heading }) => heading, true), ...rows.map((row) => line(({ cell }) => cell(row), false))];
}

/** Columns that a terminal needs for the text. */
export function widthOf(text: string): number {
  return positionAfter(text, Number.POSITIVE_INFINITY).column;
}

type Sized<Row> = { readonly column: Column<Row>; readonly size: number };

function fitting<Row>(rows: readonly Row[], columns: readonly Column<Row>[], width: number): Sized<Row>[] {
  let shown = columns.map((column) => ({
    column,
    size: Math.max(widthOf(column.heading), ...rows.map((row) => widthOf(column.cell(row)))),
  }));
  const least = (): number =>
    shown.reduce(
      (sum, { column, size }) => sum + gap + (column.takesRest === true ? Math.min(size, minRest) : size),
      -gap,
    );
  while (least() > width) {
    const worst = Math.max(...shown.map(({ column }) => column.dropFirst ?? 0));
    if (worst === 0) break;
    shown = shown.filter(({ column }) => column.dropFirst !== worst);
  }
  return shown;
}

/** At most `room` columns of it; what is cut ends with an ellipsis. */
export function cut(text: string, room: number): string {
  if (widthOf(text) <= room) return text;
  let kept = '';
  for (const { segment } of new Intl.Segmenter().segment(text)) {
    if (widthOf(kept + segment) > room - 1) break;
    kept += segment;
  }
  return `${kept}…`;
}
