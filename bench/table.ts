import { spread } from './stats.ts';

/** `median (min–max)`, with as many digits as mean something. */
export function cell(values: readonly number[]): string {
  const { median, min, max } = spread(values);
  return `${short(median)} (${short(min)}–${short(max)})`;
}

/** A Markdown table whose columns also line up on a terminal. */
export function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const widths = head.map((title, at) => Math.max(title.length, ...rows.map((row) => row[at]?.length ?? 0)));
  const line = (cells: readonly string[]): string =>
    `| ${widths.map((width, at) => (cells[at] ?? '').padEnd(width)).join(' | ')} |\n`;
  return line(head) + line(widths.map((width) => '-'.repeat(width))) + rows.map(line).join('');
}

function short(value: number): string {
  if (Math.abs(value) >= 1000) return Math.round(value).toLocaleString('en');
  return String(Number(value.toPrecision(3)));
}
