import { stripVTControlCharacters } from 'node:util';

/** Bidirectional overrides, which make a text look like another one. */
const overrides = /[\u202a-\u202e\u2066-\u2069]/g;
const controls = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f]/g;

/**
 * A text of the agent as a terminal may get it. Control sequences are taken out: with them an agent (or a file that it
 * read) could paint over the question that the user is about to answer. Newlines stay, a tab becomes two spaces.
 */
export function printable(text: string): string {
  return stripVTControlCharacters(text).replaceAll('\t', '  ').replace(controls, '').replace(overrides, '\ufffd');
}

/** The same on one line, at most `length` characters, cut with an ellipsis. */
export function oneLine(text: string, length: number): string {
  const line = printable(text).replaceAll(/\s+/g, ' ').trim();
  return line.length > length ? `${line.slice(0, length - 1)}…` : line;
}

/** The first `count` lines, and how many there are besides. */
export function headLines(text: string, count: number): { readonly lines: readonly string[]; readonly more: number } {
  const lines = printable(text).replace(/\n+$/, '').split('\n');
  return { lines: lines.slice(0, count), more: Math.max(0, lines.length - count) };
}
