/** 9999-12-31T23:59:59.999Z: later ones have no four-digit year, and no ISO string that sorts. */
const latest = 253_402_300_799_999;
const isoTime =
  /^(?<date>\d{4}-\d\d-(?<day>\d\d))(?:[Tt ](?<time>\d\d:\d\d(?::\d\d(?:[.,]\d{1,9})?)?)(?<zone>[Zz]|[+-]\d\d(?::?\d\d)?)?)?$/;

/**
 * Epoch milliseconds of a Date, of epoch milliseconds, or of an ISO 8601 string; undefined when it is none, or lies before 1970
 * or after 9999. A string without a zone is UTC, as Python's `isoformat()` writes it; what is finer than a millisecond is cut.
 */
export function parseTime(value: unknown): number | undefined {
  const at = value instanceof Date ? value.getTime() : typeof value === 'string' ? parseIso(value) : value;
  if (typeof at !== 'number' || !(at >= 0 && at <= latest)) return undefined;
  return Math.floor(at);
}

function parseIso(text: string): number | undefined {
  const { date, day, time = '00:00', zone = 'Z' } = isoTime.exec(text.trim())?.groups ?? {};
  if (date === undefined) return undefined;
  // Date.parse takes the 30th of February for the 2nd of March.
  if (new Date(`${date}T00:00Z`).getUTCDate() !== Number(day)) return undefined;
  const [clock = '', fraction = ''] = time.split(/[.,]/);
  const offset = zone.length === 3 ? `${zone}:00` : zone.replace(/^([+-]\d\d)(\d\d)$/, '$1:$2').toUpperCase();
  const seconds = clock.length === 5 ? `${clock}:00` : clock;
  const at = Date.parse(`${date}T${seconds}.${fraction.padEnd(3, '0').slice(0, 3)}${offset}`);
  return Number.isNaN(at) ? undefined : at;
}
