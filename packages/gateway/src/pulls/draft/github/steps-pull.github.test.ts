import { expect, test } from 'vitest';
import type { GitHub } from '../../client/github.ts';
import { draftWith } from '../testing/sample-draft.ts';
import { Repository } from './repository.github.ts';
import { pullStep } from './steps-pull.github.ts';

const body = '<!-- holdfast:draft draft-1 -->';
const shop = { repo: { id: 1 } };
const pullFrom = (head: unknown, rest: object = {}): object => ({
  ...{ html_url: 'https://github.test/pull/7', number: 7, state: 'open', draft: true, body },
  ...{ head, base: { ...shop, ref: 'main' }, ...rest },
});

/** The one that is found among these, all from a branch of this name of this owner. */
async function found(...pulls: readonly object[]): Promise<unknown> {
  const github = { request: async () => ({ data: pulls }) } as unknown as GitHub;
  const base = { configured: 'acme/shop', owner: 'acme', repo: 'shop', baseBranch: 'main' };
  const done = { base, branch: { branch: 'holdfast/draft-1' } };
  const step = pullStep(new Repository(github, 'acme', 'shop'), draftWith());
  return (await step.find?.(done, { signal: new AbortController().signal }))?.['number'];
}

test('a pull request from the branch is ours by our mark, or when it stands in the way of ours', async () => {
  const other = { number: 8, body: null };
  expect(await found(pullFrom(shop, other), pullFrom(shop))).toBe(7);
  expect(await found(pullFrom(shop, { state: 'closed', base: { ...shop, ref: 'develop' } }))).toBe(7);
  expect(await found(pullFrom(shop, other))).toBe(8);
  expect(await found(pullFrom(shop, { ...other, state: 'closed' }))).toBeUndefined();
  expect(await found(pullFrom(shop, { ...other, base: { ...shop, ref: 'develop' } }))).toBeUndefined();
});

test('a pull request from a fork of the same owner is not ours, whatever its text says', async () => {
  expect(await found(pullFrom({ repo: { id: 2 } }))).toBeUndefined();
  expect(await found(pullFrom({ repo: null }), pullFrom(shop, { number: 8 }))).toBe(8);
});
