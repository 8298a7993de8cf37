import { isRecord, type Json, type Tool } from '@holdfast/protocol';

import type { Paint } from './paint.ts';
import { headLines, oneLine, printable } from './printable.ts';

/** Lines of a file's content, a change or a result that are shown; the rest is counted. */
const maxLines = 12;

/** What a tool call is about to do, as lines without a newline: first what and where, then what it would write. */
export function toolLines(tool: Tool, paint: Paint): readonly string[] {
  const input: Record<string, Json> = isRecord(tool.input) ? tool.input : {};
  const name = paint('bold', oneLine(tool.name, 60));
  const command = commandOf(input);
  if (command !== undefined) {
    const [first = '', ...rest] = printable(command).split('\n');
    // A command is shown whole: nobody may be asked to allow what he cannot see.
    return [`${name}  ${paint('yellow', `$ ${first}`)}`, ...rest.map((line) => `  ${paint('yellow', line)}`)];
  }
  const path = pathOf(input);
  if (path !== undefined) return [`${name}  ${paint('yellow', printable(path))}`, ...changeLines(input, paint)];
  return [name, ...fieldLines(tool.input, paint)];
}

/** One short line that names a call that was shown before. */
export function toolTitle(tool: Tool): string {
  const input: Record<string, Json> = isRecord(tool.input) ? tool.input : {};
  return oneLine(`${tool.name} ${commandOf(input) ?? pathOf(input) ?? ''}`, 60);
}

/** The lines of a result: its text, or its JSON. */
export function resultLines(result: Json | undefined, paint: Paint): readonly string[] {
  if (result === undefined || result === '' || result === null) return [paint('dim', '⎿ done')];
  const { lines, more } = headLines(textOf(result), maxLines);
  const shown = lines.map((line, index) => paint('dim', `${index === 0 ? '⎿ ' : '  '}${line}`));
  return more === 0 ? shown : [...shown, paint('dim', `  … ${more} more lines`)];
}

function commandOf(input: Record<string, Json>): string | undefined {
  const command = input['command'] ?? input['cmd'];
  if (typeof command === 'string') return command;
  return Array.isArray(command) ? command.map((word) => quoted(String(word))).join(' ') : undefined;
}

function quoted(word: string): string {
  return /^[\w./:=@%+,-]+$/.test(word) ? word : `'${word.replaceAll("'", String.raw`'\''`)}'`;
}

function pathOf(input: Record<string, Json>): string | undefined {
  return [input['file_path'], input['filePath'], input['path'], input['notebook_path']].find(
    (path) => typeof path === 'string',
  );
}

function changeLines(input: Record<string, Json>, paint: Paint): readonly string[] {
  const edits = Array.isArray(input['edits']) ? input['edits'].filter(isRecord) : [input];
  return edits.flatMap((edit) => [
    ...signed('-', edit['old_string'] ?? edit['oldString'] ?? edit['oldText'], 'red', paint),
    ...signed('+', edit['new_string'] ?? edit['newString'] ?? edit['newText'] ?? edit['content'], 'green', paint),
  ]);
}

function signed(sign: '+' | '-', text: Json | undefined, colour: 'red' | 'green', paint: Paint): readonly string[] {
  if (typeof text !== 'string' || text === '') return [];
  const { lines, more } = headLines(text, maxLines);
  const shown = lines.map((line) => `  ${paint(colour, `${sign} ${line}`)}`);
  return more === 0 ? shown : [...shown, paint('dim', `    … ${more} more lines`)];
}

function fieldLines(input: Json, paint: Paint): readonly string[] {
  if (!isRecord(input)) return input === null ? [] : [`  ${paint('yellow', oneLine(textOf(input), 400))}`];
  return Object.entries(input).map(
    ([field, value]) => `  ${paint('dim', `${oneLine(field, 40)}:`)} ${paint('yellow', oneLine(textOf(value), 400))}`,
  );
}

/** A text as it is; a list of content parts (`{type: "text", text}`) as its texts; anything else as JSON. */
function textOf(value: Json): string {
  if (typeof value === 'string') return value;
  const parts = Array.isArray(value) ? value.flatMap(textPart) : [];
  if (Array.isArray(value) && parts.length === value.length && parts.length > 0) return parts.join('\n');
  return JSON.stringify(value);
}

function textPart(value: Json): string[] {
  const text = isRecord(value) ? value['text'] : undefined;
  return typeof text === 'string' ? [text] : [];
}
