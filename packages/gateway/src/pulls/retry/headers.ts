/** Of an answer; names are in lower case. */
export type Headers = Readonly<Record<string, string | undefined>>;

/** A whole number of at least 0 and at most 15 digits; undefined for anything else. A header that came twice is read if it says the same twice. */
export function parseWholeNumber(text: string | undefined): number | undefined {
  const number = text && /^\s*(\d{1,15})(\s*,\s*\1)*\s*$/.exec(text)?.[1];
  return number ? Number(number) : undefined;
}

/**
 * How far our clock, which says `atMs`, is ahead of the server's, by the `date` of the answer; 0 without one. An answer from a cache (it
 * has an `age`) tells an old time. The date is cut to the second, so the result is up to a second too big: a wait reckoned with
 * it ends late, never early.
 */
export function parseServerClock(headers: Headers, atMs: number): { readonly aheadMs: number } {
  const dateMs = headers['age'] === undefined ? parseHttpDate(headers['date']) : undefined;
  return { aheadMs: dateMs === undefined ? 0 : atMs - dateMs };
}

/** The instant, by our clock, before which `retry-after` (seconds or an HTTP date, RFC 9110, 10.2.3) wants no request. */
export function parseRetryAfter(headers: Headers, atMs: number): number | undefined {
  const text = headers['retry-after'];
  const seconds = parseWholeNumber(text);
  if (seconds !== undefined) return atMs + seconds * 1000;
  const dateMs = parseHttpDate(text);
  return dateMs === undefined ? undefined : dateMs + parseServerClock(headers, atMs).aheadMs;
}

/** RFC 9110, 5.6.7, the one form that may be sent; `Date.parse` alone would take "1" for a year. */
function parseHttpDate(text: string | undefined): number | undefined {
  const form = /^\s*([A-Z][a-z]{2}, \d{2} [A-Z][a-z]{2} \d{4} \d{2}:\d{2}:\d{2} GMT)(\s*,\s*\1)*\s*$/;
  const dateMs = Date.parse((text && form.exec(text)?.[1]) ?? '');
  return Number.isNaN(dateMs) ? undefined : dateMs;
}
