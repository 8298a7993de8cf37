import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { aBoolean, aFunction, numberIn, objectWith, optionFaults, shapeOf, wholeNumberIn } from './option-faults.ts';

const rules = {
  maxRetries: wholeNumberIn(0, 100),
  attemptTimeoutMs: numberIn(1, 1000),
  allowMutations: aBoolean,
  onRetry: aFunction,
  tokenPool: objectWith('a TokenPool', 'take'),
};

describe('options', () => {
  test('that are as they should be have no faults, and what is undefined is not there', () => {
    const tokenPool = { take: () => {} };
    expect(optionFaults({ maxRetries: 3, attemptTimeoutMs: 0.5 + 0.5, tokenPool, onRetry: undefined }, rules)).toEqual(
      [],
    );
  });

  test.each([
    [{ attemptTimeoutMs: Number.NaN }, 'attemptTimeoutMs must be a number from 1 to 1000, and is NaN'],
    [{ attemptTimeoutMs: Infinity }, 'attemptTimeoutMs must be a number from 1 to 1000, and is Infinity'],
    [{ attemptTimeoutMs: -5 }, 'attemptTimeoutMs must be a number from 1 to 1000, and is -5'],
    [{ attemptTimeoutMs: '30' }, 'attemptTimeoutMs must be a number from 1 to 1000, and is a text of length 2'],
    [{ attemptTimeoutMs: null }, 'attemptTimeoutMs must be a number from 1 to 1000, and is null'],
    [{ maxRetries: 1.5 }, 'maxRetries must be a whole number from 0 to 100, and is 1.5'],
    [{ maxRetries: 3n }, 'maxRetries must be a whole number from 0 to 100, and is 3'],
    [{ allowMutations: 'false' }, 'allowMutations must be true or false, and is a text of length 5'],
    [{ onRetry: {} }, 'onRetry must be a function, and is an object'],
    [{ tokenPool: ['ghp_one'] }, 'tokenPool must be a TokenPool, and is an array of 1'],
    [{ tokenPool: {} }, 'tokenPool must be a TokenPool, and is an object'],
  ])('%o are refused with the range, and the shape of what was given', (given, fault) => {
    expect(optionFaults(given, rules)).toEqual([fault]);
  });

  test.each([
    ['maxRetry', 'maxRetries'],
    ['max_retries', 'maxRetries'],
    ['MaxRetries', 'maxRetries'],
    ['retries', 'maxRetries'],
    ['attemptTimeout', 'attemptTimeoutMs'],
    ['allowMutation', 'allowMutations'],
    ['onretry', 'onRetry'],
  ])('that there are not are refused, with the one that was meant: %s', (name, meant) => {
    expect(optionFaults({ [name]: 1 }, rules)).toEqual([`there is no option ${name}; ${meant} is one`]);
  });

  test('that are like none are refused with those that there are', () => {
    expect(optionFaults({ colour: 'red' }, rules)).toEqual([
      'there is no option colour, only maxRetries, attemptTimeoutMs, allowMutations, onRetry, tokenPool',
    ]);
  });

  test.each([null, 7, 'text', []])('that are no object are refused: %o', (given) => {
    expect(optionFaults(given, rules)).toEqual([`options are an object, and this is ${shapeOf(given)}`]);
  });

  test('that are wrong are told all at once, and no text of them is', () => {
    const anyText = fc.string({ minLength: 8 }).filter((text) => !'there is no option maxRetries'.includes(text));
    fc.assert(
      fc.property(anyText, (text) => {
        const faults = optionFaults({ maxRetries: text, tokenPool: text, retrys: 1 }, rules);
        expect(faults).toHaveLength(3);
        expect(faults.join()).not.toContain(text);
      }),
    );
  });
});
