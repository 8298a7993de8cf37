import { expect, test } from 'vitest';
import type { GitHub } from '../../client/github.ts';
import { changeSetOf, fileAt } from '../testing/policy-tricks.ts';
import { Repository } from './repository.github.ts';
import { treeStep } from './steps-tree.github.ts';

const [ours, theirs] = ['1'.repeat(40), '2'.repeat(40)];

/** What becomes of the tree that GitHub makes, `theirs`, when these are what it is to be. */
async function make(wantedTree: string | null, treeSha?: string): Promise<unknown> {
  const github = { request: async () => ({ data: { sha: theirs } }) } as unknown as GitHub;
  const base = { configured: 'acme/shop', owner: 'acme', repo: 'shop', baseTree: '3'.repeat(40), wantedTree };
  const changeSet = { ...changeSetOf([fileAt('a')]), ...(treeSha !== undefined && { treeSha }) };
  return treeStep(new Repository(github, 'acme', 'shop'), changeSet).send(
    { base },
    { signal: new AbortController().signal },
  );
}

test('another tree than git makes of the change set is a conflict, whether the workspace or the base says so', async () => {
  for (const making of [make(ours), make(null, ours), make(theirs, ours), make(ours, theirs)]) {
    await expect(making).rejects.toMatchObject({ code: 'conflict', message: expect.stringContaining(ours) });
  }
});

test('the tree that git makes is taken, and so is one of which nobody can tell', async () => {
  for (const making of [make(theirs), make(theirs, theirs), make(null, theirs), make(null)]) {
    expect(await making).toEqual({ treeSha: theirs });
  }
});
