import { describe, expect, test } from 'vitest';
import { RetryableGitHubClient } from './retryable-github-client.ts';
import { countingDoor } from './testing/client-of.ts';

const make = (options: object): RetryableGitHubClient =>
  new RetryableGitHubClient({ admission: countingDoor(), config: {}, ...options });

describe('a client’s options', () => {
  test.each([
    [{ attemptTimeoutMs: Number.NaN }, 'attemptTimeoutMs must be a number from 1 to 86400000, and is NaN'],
    [{ attemptTimeoutMs: Infinity }, 'attemptTimeoutMs must be a number from 1 to 86400000, and is Infinity'],
    [{ attemptTimeoutMs: -1 }, 'attemptTimeoutMs must be a number from 1 to 86400000, and is -1'],
    [{ attemptTimeoutMs: 2 ** 31 }, 'attemptTimeoutMs must be a number from 1 to 86400000, and is 2147483648'],
    [{ maxAnswerBytes: 0 }, 'maxAnswerBytes must be a whole number from 1 to 1073741824, and is 0'],
    [{ maxAnswerBytes: Infinity }, 'maxAnswerBytes must be a whole number from 1 to 1073741824, and is Infinity'],
    [{ cache: { maxBytes: -1 } }, 'cache: maxBytes must be a whole number from 0 to 1099511627776, and is -1'],
    [{ cache: { maxEntrys: 5 } }, 'cache: there is no option maxEntrys; maxEntries is one'],
    [{ cache: null }, 'cache must be an object with maxBytes or maxEntries, and is null'],
    [{ allowMutations: 'no' }, 'allowMutations must be true or false, and is a text of length 2'],
    [{ tokenPool: 'ghp_one' }, 'tokenPool must be a TokenPool, and is a text of length 7'],
    [{ userAgent: 'a\r\nhost: b' }, 'userAgent must be a text that may stand in a header, and is a text of length 10'],
    [{ random: 0.5 }, 'random must be a function, and is 0.5'],
    [{ baseURL: 'https://github.example' }, 'there is no option baseURL; baseUrl is one'],
    [{ tokenPools: {} }, 'there is no option tokenPools; tokenPool is one'],
    [{ config: 5 }, 'config must be a RetryConfig, or an object of its options, and is 5'],
    [{ config: { maxRetry: 5 } }, 'RetryConfig: there is no option maxRetry; maxRetries is one'],
  ])('%o are refused', (options, fault) => {
    expect(() => make(options)).toThrow(expect.objectContaining({ code: 'bad_message' }));
    expect(() => make(options)).toThrow(fault);
  });

  test('that are wrong are told all at once', () => {
    expect(() => make({ attemptTimeoutMs: 0, onRetry: 5, colour: 1 })).toThrow(
      /^RetryableGitHubClient: there is no option colour, .*onRetry must .*attemptTimeoutMs must /,
    );
  });

  test('may be at the ends of their ranges, or undefined', () => {
    make({ attemptTimeoutMs: 1, maxAnswerBytes: 1, cache: { maxBytes: 0, maxEntries: 0 }, random: undefined });
    make({
      attemptTimeoutMs: 86_400_000,
      maxAnswerBytes: 1024 ** 3,
      cache: {},
      userAgent: 'shop/1.0 (+https://a.example)',
    });
  });
});
