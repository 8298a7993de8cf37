/** Of an answer; names are in lower case. */
export type Headers = Readonly<Record<string, string | undefined>>;

/** A whole number of at least 0 and at most 15 digits; undefined for anything else. */
export function parseWholeNumber(text: string | undefined): number | undefined {
  return text !== undefined && /^\s*\d{1,15}\s*$/.test(text) ? Number(text) : undefined;
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
  if (text === undefined || !/^\s*[A-Z][a-z]{2}, \d{2} [A-Z][a-z]{2} \d{4} \d{2}:\d{2}:\d{2} GMT\s*$/.test(text)) {
    return undefined;
  }
  const dateMs = Date.parse(text);
  return Number.isNaN(dateMs) ? undefined : dateMs;
}
