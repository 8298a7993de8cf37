import { describe, expect, test } from 'vitest';
import { policyFaults } from './policy.ts';
import { changeSetOf, fileAt, harmless, triedPatterns, tricks } from '../testing/policy-tricks.ts';

const policy = { protectedPaths: triedPatterns, maxFiles: 100, maxBytes: 1_000_000 };

describe('a change set that must not be published', () => {
  test('is tried in more than a hundred ways', () => {
    expect(tricks.length).toBeGreaterThan(150);
  });

  test.each(tricks)('is found out: %s', (_what, changeSet, says) => {
    const faults = policyFaults(policy, changeSet);
    expect(faults.filter((fault) => says.test(fault))).not.toEqual([]);
    // A sentence, in which nothing can hide or lead a terminal astray.
    for (const fault of faults) expect(fault).toMatch(/^[A-Z"][^\p{Cc}\p{Bidi_Control}\u200b-\u200d]*\.$/su);
  });

  test('has all its faults told, each with its path', () => {
    const faults = policyFaults(policy, changeSetOf([fileAt('CODEOWNERS'), fileAt('a//b')], ['infra/x']));
    expect(faults).toHaveLength(3);
    for (const path of ['"CODEOWNERS"', '"a//b"', '"infra/x"']) expect(faults.join(' ')).toContain(path);
  });

  test('is always what it is, whatever is configured', () => {
    const bare = { protectedPaths: [], maxFiles: 100, maxBytes: 1_000_000 };
    expect(policyFaults(bare, changeSetOf([fileAt('.github/workflows/ci.yml')]))).toHaveLength(1);
    expect(policyFaults(bare, changeSetOf([fileAt('infra/main.tf')]))).toEqual([]);
  });

  test('costs no more for having no measure', () => {
    const files = Array.from({ length: 100_000 }, (_, at) => fileAt(`CODEOWNERS/${at}`));
    expect(policyFaults(policy, changeSetOf(files))).toEqual([expect.stringContaining('touches 100000 files')]);
  });
});

test('a change set of the longest paths is looked at without delay', () => {
  const deep = changeSetOf(Array.from({ length: 100 }, (_, at) => fileAt(`${'a/'.repeat(2000)}${at}`)));
  expect(policyFaults(policy, deep)).toHaveLength(100);
  const long = changeSetOf(Array.from({ length: 100 }, (_, at) => fileAt(`${`${'é'.repeat(39)}/`.repeat(49)}${at}`)));
  expect(policyFaults(policy, long)).toEqual([]);
});

describe('a change set that may be published', () => {
  test.each(harmless)('is let through: %s', (_what, changeSet) => {
    expect(policyFaults(policy, changeSet)).toEqual([]);
  });
});
