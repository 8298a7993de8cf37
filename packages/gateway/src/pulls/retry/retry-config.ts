import { HoldfastError } from '@holdfast/protocol';
import { readGitHubConfig } from '../../config.ts';
import type { Environment } from '../../lib/environment.ts';
import type { BackOffPolicy } from './back-off.ts';
import { isObject } from './is-object.ts';
import { nameFaults, shapeOf } from './option-faults.ts';
import { defaultRetrySettings, faultsOf, type RetrySettings } from './retry-settings.ts';

/**
 * How calls are retried. Delays are seconds: `new RetryConfig({ maxRetries: 5, baseDelay: 2, maxDelay: 120 })`; what is not given is
 * its default, whatever the environment says. Throws `bad_message` with all faults at once.
 */
export class RetryConfig implements RetrySettings {
  readonly maxRetries: number;
  readonly baseDelay: number;
  readonly maxDelay: number;
  readonly exponentialBase: number;
  readonly jitter: boolean;
  readonly totalTimeout: number;

  constructor(options: Partial<RetrySettings> = {}) {
    if (!isObject(options)) throw wrong([`options are an object, and this is ${shapeOf(options)}`]);
    const given = Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined));
    const settings: RetrySettings = { ...defaultRetrySettings, ...given };
    const outOfRange = faultsOf(
      settings,
      (field) => field,
      (field) => shapeOf(settings[field]),
    );
    const faults = [...nameFaults(options, Object.keys(defaultRetrySettings)), ...outOfRange];
    if (faults.length > 0) throw wrong(faults);
    this.maxRetries = settings.maxRetries;
    this.baseDelay = settings.baseDelay;
    this.maxDelay = settings.maxDelay;
    this.exponentialBase = settings.exponentialBase;
    this.jitter = settings.jitter;
    this.totalTimeout = settings.totalTimeout;
  }

  /**
   * What `GITHUB_API_MAX_RETRIES`, `GITHUB_API_BASE_DELAY`, `GITHUB_API_MAX_DELAY`, `GITHUB_API_EXPONENTIAL_BASE` and
   * `GITHUB_API_JITTER` say. Throws `bad_message` with all faults of the `GITHUB_…` variables at once, by name.
   */
  static fromEnv(env?: Environment): RetryConfig {
    return new RetryConfig(readGitHubConfig(env).retry);
  }

  /** The same, in the units that it is reckoned in. */
  get policy(): BackOffPolicy {
    return {
      maxRetries: this.maxRetries,
      baseDelayMs: this.baseDelay * 1000,
      maxDelayMs: this.maxDelay * 1000,
      exponentialBase: this.exponentialBase,
      jitter: this.jitter,
      totalTimeoutMs: this.totalTimeout * 1000,
    };
  }
}

function wrong(faults: readonly string[]): HoldfastError {
  return new HoldfastError('bad_message', `RetryConfig: ${faults.join('; ')}.`);
}
