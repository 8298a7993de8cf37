import { describe, expect, test } from 'vitest';
import { readConfig } from '../../config.ts';
import type { Environment } from '../../lib/environment.ts';
import { RetryConfig } from './retry-config.ts';
import type { RetrySettings } from './retry-settings.ts';

const defaults = { maxRetries: 3, baseDelay: 1, maxDelay: 60, exponentialBase: 2, jitter: true };

function faultOf(make: () => unknown): string {
  try {
    make();
  } catch (error) {
    return (error as Error).message;
  }
  return '';
}

describe('a RetryConfig', () => {
  test('has the documented defaults, and what is given in their place', () => {
    expect(new RetryConfig()).toMatchObject(defaults);
    expect(new RetryConfig({ maxRetries: 5, baseDelay: 2, maxDelay: 120 })).toMatchObject({
      ...defaults,
      maxRetries: 5,
      baseDelay: 2,
      maxDelay: 120,
    });
  });

  test('is refused with all that is wrong with it', () => {
    const fault = faultOf(() => new RetryConfig({ maxRetries: 1.5, baseDelay: Number.NaN, exponentialBase: 0.5 }));
    expect(fault).toMatch(/maxRetries must be a whole number from 0 to 100, and is 1.5/);
    expect(fault).toMatch(/baseDelay must be a number of seconds from 0 to 3600, and is NaN/);
    expect(fault).toMatch(/exponentialBase must be a number from 1 to 10, and is 0.5/);
    expect(faultOf(() => new RetryConfig({ baseDelay: 90 }))).toMatch(
      /baseDelay is more than maxDelay \(90 s > 60 s\)/,
    );
  });
});

describe('an option of a RetryConfig', () => {
  test('that there is not is refused with the one that was meant', () => {
    const given = { maxRetry: 5, base_delay: 2 } as Partial<RetrySettings>;
    expect(() => new RetryConfig(given)).toThrow(
      'RetryConfig: there is no option maxRetry; maxRetries is one; there is no option base_delay; baseDelay is one.',
    );
  });

  test.each([
    ['maxRetries', '5', 'a text of length 1'],
    ['totalTimeout', Infinity, 'Infinity'],
    ['totalTimeout', null, 'null'],
    ['jitter', 'ghp_one', 'a text of length 7'],
  ])('with a wrong value is refused with its shape: %s %o', (name, value, shape) => {
    expect(faultOf(() => new RetryConfig({ [name]: value }))).toMatch(
      new RegExp(`^RetryConfig: ${name} .* is ${shape}\\.$`),
    );
  });

  test('is found in another RetryConfig', () => {
    expect(new RetryConfig(new RetryConfig({ maxRetries: 7 })).maxRetries).toBe(7);
    expect(faultOf(() => new RetryConfig(5 as never))).toBe('RetryConfig: options are an object, and this is 5.');
  });
});

describe('the environment', () => {
  test('says what is not the default', () => {
    expect(RetryConfig.fromEnv({})).toMatchObject(defaults);
    const env = {
      GITHUB_API_MAX_RETRIES: '5',
      GITHUB_API_BASE_DELAY: '2.0',
      GITHUB_API_MAX_DELAY: '120.0',
      GITHUB_API_EXPONENTIAL_BASE: '1.5',
      GITHUB_API_JITTER: 'False',
    };
    const settings = { maxRetries: 5, baseDelay: 2, maxDelay: 120, exponentialBase: 1.5, jitter: false };
    expect(RetryConfig.fromEnv(env)).toMatchObject(settings);
    expect(readConfig(env).github.retry).toMatchObject(settings);
  });

  test('is refused with every wrong variable by name, and shows no token', () => {
    const env = {
      GITHUB_API_MAX_RETRIES: '-1',
      GITHUB_API_BASE_DELAY: 'soon',
      GITHUB_API_MAX_DELAY: '1e9',
      GITHUB_API_EXPONENTIAL_BASE: '0',
      GITHUB_API_JITTER: 'maybe',
      GITHUB_API_TOKEN_POOL: 'ghp_good,ghp bad',
      GITHUB_API_URL: 'https://ada:word@github.example',
    };
    for (const make of [() => RetryConfig.fromEnv(env), () => readConfig(env)]) {
      const fault = faultOf(make);
      for (const name of Object.keys(env)) expect(fault).toContain(name);
      expect(fault).toContain('token 2');
      expect(fault).not.toMatch(/ghp|word/);
    }
  });

  test.each<[string, Environment, readonly string[]]>([
    ['the pool', { GITHUB_API_TOKEN_POOL: ' one, two,,one ', GITHUB_TOKEN: 'three' }, ['one', 'two']],
    ['the single token where there is no pool', { GITHUB_API_TOKEN_POOL: ' , ', GITHUB_TOKEN: 'three' }, ['three']],
    ['nothing', {}, []],
  ])('gives %s', (_what, env, expected) => {
    expect(readConfig(env).github.tokens.map((token) => token.reveal())).toEqual(expected);
  });

  test('names a GitHub of one’s own', () => {
    expect(readConfig({}).github.apiUrl).toBe('https://api.github.com');
    expect(() => readConfig({ GITHUB_API_URL: 'https://:word@github.example' })).toThrow(/GITHUB_API_URL must be/);
    expect(readConfig({ GITHUB_API_URL: 'https://git.example/api/v3/' }).github.apiUrl).toBe(
      'https://git.example/api/v3',
    );
  });
});
