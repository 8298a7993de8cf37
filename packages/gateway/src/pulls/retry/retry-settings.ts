/** How calls are retried: the guide's names and units. Delays are seconds. */
export type RetrySettings = {
  /** Further attempts after the first; 0 to 100. Default 3. */
  readonly maxRetries: number;
  /** Seconds before the first retry; 0 to 3600. Default 1. */
  readonly baseDelay: number;
  /** Seconds that our own back-off never exceeds; what the server asks for may be longer. 0 to 3600. Default 60. */
  readonly maxDelay: number;
  /** What the delay is multiplied by each time; 1 to 10. Default 2. */
  readonly exponentialBase: number;
  /** Whether a delay is anything from 0 to what was reckoned ("full jitter"). Default true. */
  readonly jitter: boolean;
  /** Seconds for all attempts and waits together; up to a day. Default 600. */
  readonly totalTimeout: number;
};

export const defaultRetrySettings: RetrySettings = {
  maxRetries: 3,
  baseDelay: 1,
  maxDelay: 60,
  exponentialBase: 2,
  jitter: true,
  // Room for three secondary limits in a row that name no time: 60 + 120 + 240 seconds.
  totalTimeout: 600,
};

type NumberField = Exclude<keyof RetrySettings, 'jitter'>;

type Range = { readonly kind: string; readonly min: number; readonly max: number };

const ranges: Readonly<Record<NumberField, Range>> = {
  maxRetries: { kind: 'a whole number', min: 0, max: 100 },
  baseDelay: { kind: 'a number of seconds', min: 0, max: 3600 },
  maxDelay: { kind: 'a number of seconds', min: 0, max: 3600 },
  exponentialBase: { kind: 'a number', min: 1, max: 10 },
  totalTimeout: { kind: 'a number of seconds', min: 0.001, max: 86_400 },
};

/** What is wrong with the settings, one sentence each; `nameOf` and `shown` are how a field and its value are called. */
export function faultsOf(
  settings: RetrySettings,
  nameOf: (field: keyof RetrySettings) => string,
  shown: (field: keyof RetrySettings) => string,
): readonly string[] {
  const faults = (Object.keys(ranges) as NumberField[]).flatMap((field) => {
    const { kind, min, max } = ranges[field];
    const value = settings[field];
    const isInRange = typeof value === 'number' && value >= min && value <= max;
    if (isInRange && (field !== 'maxRetries' || Number.isInteger(value))) return [];
    return [`${nameOf(field)} must be ${kind} from ${min} to ${max}, and is ${shown(field)}`];
  });
  if (typeof settings.jitter !== 'boolean') {
    faults.push(`${nameOf('jitter')} must be one of true, false, and is ${shown('jitter')}`);
  }
  if (settings.baseDelay > settings.maxDelay) {
    faults.push(
      `${nameOf('baseDelay')} is more than ${nameOf('maxDelay')} (${settings.baseDelay} s > ${settings.maxDelay} s)`,
    );
  }
  return faults;
}
