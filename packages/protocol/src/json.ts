export type Json = string | number | boolean | null | readonly Json[] | { readonly [name: string]: Json };

/** The value, or undefined when the text is not JSON. The one place in this package that parses. */
export function parseJson(text: string): Json | undefined {
  try {
    return JSON.parse(text) as Json;
  } catch {
    return undefined;
  }
}

/** True for an object that is neither null nor an array. */
export function isRecord(value: Json | undefined): value is Record<string, Json> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
