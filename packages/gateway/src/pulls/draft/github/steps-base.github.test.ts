import { expect, test } from 'vitest';
import type { GitHub } from '../../client/github.ts';
import { changeSetOf, fileAt } from '../testing/policy-tricks.ts';
import { samplePolicy } from '../testing/sample-draft.ts';
import { Repository } from './repository.github.ts';
import { baseStep } from './steps-base.github.ts';

test('a base branch that is not there is said so, although GitHub leads to another one', async () => {
  const answers: Readonly<Record<string, unknown>> = {
    'GET /repos/{owner}/{repo}': { archived: false, default_branch: 'main', name: 'shop', owner: { login: 'acme' } },
    // https://github.com/github/rest-api-description/issues/7096: what comes of a redirect, also where nothing was renamed.
    'GET /repos/{owner}/{repo}/branches/{branch}': { name: 'trunk', commit: { sha: 'c' } },
    'GET /repos/{owner}/{repo}/compare/{basehead}': {
      status: 'ahead',
      base_commit: { commit: { tree: { sha: '4b825dc642cb6eb9a060e54bf8d69288fbee4904' } } },
    },
    'GET /repos/{owner}/{repo}/git/trees/{tree_sha}': { tree: [], truncated: false },
  };
  const github = { request: async (route: string) => ({ data: answers[route] }) } as unknown as GitHub;
  const step = baseStep(new Repository(github, 'acme', 'shop'), changeSetOf([fileAt('a')]), {
    ...samplePolicy,
    base: 'master',
  });
  await expect(step.send({}, { signal: new AbortController().signal })).rejects.toMatchObject({
    code: 'conflict',
    message: expect.stringContaining('no branch master in acme/shop'),
  });
});
