import type { Json } from '@holdfast/protocol';

export type OriginalJson = { readonly value: Json; readonly numbersAsText: number };

/** Strings, to be stepped over, and the three words that Python's json writes though JSON does not have them. */
const stringOrPythonNumber = /"[^"\\]*(?:\\.[^"\\]*)*"|-?\bInfinity\b|\bNaN\b/gs;
/** Where a number may be that JavaScript cannot hold. */
const perhapsInexact = /[\d.]{16}|\d[eE][+-]?\d/;
/** What a double holds exactly enough to be written again as it was. */
const maxDigits = 17;

/**
 * What Python's `json.dumps` wrote. A number that JavaScript cannot hold (an integer beyond 2^53 that would be rounded, NaN,
 * Infinity) becomes the text that stood for it. Undefined when it is not JSON.
 */
export function parseOriginalJson(text: string): OriginalJson | undefined {
  const plain = parseExactly(text);
  if (plain !== undefined) return plain;
  let quoted = 0;
  const withoutWords = text.replaceAll(stringOrPythonNumber, (match) => {
    if (match.startsWith('"')) return match;
    quoted += 1;
    return `"${match}"`;
  });
  const parsed = quoted === 0 ? undefined : parseExactly(withoutWords);
  return parsed && { ...parsed, numbersAsText: parsed.numbersAsText + quoted };
}

/** The number that a decimal text stands for, or the text itself when there is no such number in JavaScript. */
export function exactNumber(source: string): number | string {
  const value = Number(source);
  if (!Number.isFinite(value)) return source;
  if (/^-?\d+$/.test(source)) {
    // The same number, or one that is written the same way.
    return BigInt(source) === BigInt(value) || String(value) === source ? value : source;
  }
  const digits = source
    .replace(/[eE].*$/, '')
    .replaceAll(/[^\d]/g, '')
    .replace(/^0+/, '')
    .replace(/(?<!0)0+$/, '');
  const isHeld = digits.length <= maxDigits && (value !== 0 || digits === '');
  return isHeld ? value : source;
}

function parseExactly(text: string): OriginalJson | undefined {
  const counted = { numbersAsText: 0 };
  try {
    // A reviver, which alone sees a number's text, makes reading several times slower.
    const value = JSON.parse(text, perhapsInexact.test(text) ? reviver(counted) : undefined) as Json;
    return { value, ...counted };
  } catch {
    return undefined;
  }
}

function reviver(counted: { numbersAsText: number }): (name: string, value: unknown) => unknown {
  return (_name: string, value: unknown, context?: { readonly source?: string }) => {
    if (typeof value !== 'number' || context?.source === undefined) return value;
    const exact = exactNumber(context.source);
    if (typeof exact === 'string') counted.numbersAsText += 1;
    return exact;
  };
}
