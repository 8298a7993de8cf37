import { request as octokit } from '@octokit/request';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { checkComplete, readOutgoing, type Outgoing } from './outgoing.ts';

const baseUrl = 'https://github.example/api/v3';

function outgoing(route: string, parameters: Readonly<Record<string, unknown>> = {}, mutations = false): Outgoing {
  return readOutgoing(octokit.endpoint(route, { baseUrl, ...parameters }), baseUrl, mutations);
}

const shop = { owner: 'acme', repo: 'shop' } as const;

describe('what merges is never sent', () => {
  test.each([
    ['PUT /repos/{owner}/{repo}/pulls/{pull_number}/merge', { ...shop, pull_number: 1 }],
    ['put /repos/{owner}/{repo}/pulls/{pull_number}/merge', { ...shop, pull_number: 1 }],
    ['PUT /repos/:owner/:repo/pulls/:pull_number/merge', { ...shop, pull_number: 1 }],
    ['PUT /repos/acme/shop/pulls/1/merge', {}],
    ['PUT /repos/acme/shop/pulls/1/merge?x=1', {}],
    ['PUT /repos/acme/shop/pulls/1/merge#x', {}],
    ['PUT /repos/acme/shop/pulls/1/merge/', {}],
    ['PUT /repos/acme/shop/pulls/1/MERGE', {}],
    ['PUT /repos/acme/shop/pulls/1/merge.json', {}],
    ['PUT /repos/acme/shop/pulls/1/%6derge', {}],
    ['PUT /repos/acme/shop/pulls/1/%256derge', {}],
    ['PUT /repos/acme/shop/pulls/1%2Fmerge', {}],
    ['PUT /repos/{owner}/{repo}/pulls/{pull_number}', { ...shop, pull_number: '1/merge' }],
    ['PUT /repos/{owner}/{repo}/{+rest}', { ...shop, rest: 'pulls/1/merge' }],
    ['PUT {+all}', { all: '/repos/acme/shop/pulls/1/merge' }],
    ['PUT /repositories/7/pulls/1/merge', {}],
    ['PUT https://github.example/api/v3/repos/acme/shop/pulls/1/merge', {}],
    ['POST /repos/{owner}/{repo}/pulls/{pull_number}/merge', { ...shop, pull_number: 1 }],
    ['POST /repos/{owner}/{repo}/merges', { ...shop, base: 'main', head: 'x' }],
    ['POST /repos/{owner}/{repo}/merge-upstream', { ...shop, branch: 'main' }],
    ['PUT /repos/{owner}/{repo}/pulls/{pull_number}/update-branch', { ...shop, pull_number: 1 }],
    ['DELETE /repos/{owner}/{repo}', shop],
    ['POST /repos/{owner}/{repo}/transfer', { ...shop, new_owner: 'eve' }],
    ['PUT /repos/{owner}/{repo}/branches/{branch}/protection', { ...shop, branch: 'a/b' }],
    ['DELETE /repos/{owner}/{repo}/branches/{branch}/protection/enforce_admins', { ...shop, branch: 'main' }],
    ['POST /repos/{owner}/{repo}/branches/{branch}/rename', { ...shop, branch: 'main' }],
    ['POST /repos/{owner}/{repo}/rulesets', shop],
    ['DELETE /orgs/{org}/rulesets/{ruleset_id}', { org: 'acme', ruleset_id: 1 }],
    ['DELETE /organizations/7/rulesets/1', {}],
    ['POST /graphql', { query: 'mutation { mergePullRequest(input: {}) { clientMutationId } }' }],
  ])('%s', (route, parameters) => {
    expect(() => outgoing(route, parameters)).toThrow(expect.objectContaining({ code: 'forbidden' }));
  });

  test('however its letters are coded', () => {
    const coded = (letter: string, depth: number): string =>
      depth === 0 ? letter : `%${'25'.repeat(depth - 1)}${letter.charCodeAt(0).toString(16)}`;
    const spelling = fc.array(fc.tuple(fc.integer({ min: 0, max: 4 }), fc.boolean()), { minLength: 5, maxLength: 5 });
    fc.assert(
      fc.property(spelling, (how) => {
        const word = ['m', 'e', 'r', 'g', 'e'].map((letter, index) => {
          const [depth = 0, isLarge = false] = how[index] ?? [];
          return coded(isLarge ? letter.toUpperCase() : letter, depth);
        });
        expect(() => outgoing(`PUT /repos/acme/shop/pulls/1/${word.join('')}`)).toThrow(/never does/);
      }),
    );
  });
});

describe('a request that is not what its route says is not sent', () => {
  test.each([
    ['GET /repos/{owner}/{repo}', { owner: '..', repo: 'user' }],
    ['GET /repos/{owner}/{repo}', { owner: '.', repo: 'shop' }],
    ['GET /repos/{owner}/{repo}', { owner: 'acme/shop', repo: 'issues' }],
    ['GET /repos/{owner}/{repo}', { owner: 'acme', repo: 'shop\\..\\x' }],
    ['GET /repos/{owner}/{repo}', { owner: 'acme', repo: 'shop?x' }],
    ['GET /repos/{owner}/{repo}', { owner: 'acme', repo: '%2e%2e' }],
    ['GET /repos/{owner}/{repo}', { owner: 'acme' }],
    ['GET /repos/{owner}/{repo}/issues/{issue_number}', { owner: 'acme', repo: '', issue_number: 1 }],
    ['GET /repos/{owner}/{repo}/contents/{path}', { ...shop, path: '../../../user' }],
    ['GET /repos/{owner}/{repo}/git/ref/{ref}', { ...shop, ref: 'heads/a\nb' }],
    ['GET /user', { baseUrl: 'https://evil.example' }],
    ['GET https://evil.example/api/v3/user', {}],
    ['GET https://github.example@evil.example/api/v3/user', {}],
    ['GET https://github.example/api/v3x/user', {}],
    ['GET https://github.example/admin', {}],
    ['GET /user', { headers: { authorization: 'token mine' } }],
    ['POST /repos/{owner}/{repo}/issues', { ...shop, headers: { 'X-HTTP-Method-Override': 'DELETE' } }],
    ['GET /user', { headers: { host: 'evil.example' } }],
    ['TRACE /user', {}],
    ['POST /graphql', {}],
  ])('%s with %j', (route, parameters) => {
    expect(() => outgoing(route, parameters)).toThrow(expect.objectContaining({ code: 'bad_message' }));
  });
});

describe('a parameter that is missing in a path', () => {
  const label = 'DELETE /repos/{owner}/{repo}/issues/{issue_number}/labels/{name}';

  test.each([undefined, null, ''])('(%j) makes it another request, which is not sent', (name) => {
    expect(() => checkComplete(label, { ...shop, issue_number: 1, name })).toThrow('name is missing');
    expect(() => checkComplete('GET /repos/:owner/:repo', { owner: 'acme', repo: name })).toThrow('repo is missing');
  });

  test('is no fault where it is the root of a repository', () => {
    checkComplete('GET /repos/{owner}/{repo}/contents/{path}', { ...shop, path: '' });
    expect(outgoing('GET /repos/{owner}/{repo}/contents/{path}', { ...shop, path: '' }).url).toBe(
      `${baseUrl}/repos/acme/shop/contents`,
    );
  });
});

describe('what is asked of the door', () => {
  test.each([
    ['GET /repos/{owner}/{repo}', shop, 'read', 'core', 'acme'],
    ['HEAD /repos/{owner}/{repo}', shop, 'read', 'core', 'acme'],
    ['GET /search/code', { q: 'x' }, 'read', 'code_search', undefined],
    ['GET /search/issues', { q: 'x' }, 'read', 'search', undefined],
    ['GET /orgs/{org}', { org: 'acme' }, 'read', 'core', 'acme'],
    ['POST /repos/{owner}/{repo}/git/blobs', shop, 'write', 'core', 'acme'],
    ['POST /repos/{owner}/{repo}/git/trees', shop, 'write', 'core', 'acme'],
    ['POST /repos/{owner}/{repo}/git/commits', shop, 'write', 'core', 'acme'],
    ['POST /repos/{owner}/{repo}/git/refs', shop, 'content', 'core', 'acme'],
    ['PATCH /repos/{owner}/{repo}/git/refs/{ref}', { ...shop, ref: 'heads/a/b' }, 'content', 'core', 'acme'],
    ['POST /repos/{owner}/{repo}/pulls', shop, 'content', 'core', 'acme'],
    [
      'DELETE /repos/{owner}/{repo}/issues/{issue_number}/labels',
      { ...shop, issue_number: 1 },
      'content',
      'core',
      'acme',
    ],
    ['POST /graphql', { query: '{ viewer { login } }' }, 'read', 'graphql', undefined],
  ])('for %s', (route, parameters, kind, resource, owner) => {
    expect(outgoing(route, parameters).ask).toEqual({ kind, resource, ...(owner !== undefined && { owner }) });
  });

  test.each([
    ['https://api.github.com', 'GET /search/code', 'code_search'],
    ['https://git.example/proxy', 'GET /search/issues', 'search'],
    ['https://git.example/proxy/api', 'GET /search', 'core'],
  ])('at %s for %s', (base, route, resource) => {
    const { ask } = readOutgoing(octokit.endpoint(route, { baseUrl: base, q: 'x' }), base, false);
    expect(ask.resource).toBe(resource);
  });

  test('for a mutation, where they may be sent', () => {
    const close = 'mutation { closeIssue(input: {}) { clientMutationId } }';
    expect(outgoing('POST /graphql', { query: close }, true)).toMatchObject({
      ask: { kind: 'content' },
      question: { method: 'POST', resource: 'graphql' },
    });
    const merge = 'mutation { a: mergePullRequest(input: {}) { clientMutationId } }';
    expect(() => outgoing('POST /graphql', { query: merge }, true)).toThrow(/mergePullRequest/);
  });
});

test('reading what protects a branch, and names that look like merging, are no concern', () => {
  const { url } = outgoing('GET /repos/{owner}/{repo}/branches/{branch}/protection', { ...shop, branch: 'main' });
  expect(url).toBe(`${baseUrl}/repos/acme/shop/branches/main/protection`);
  outgoing('POST /repos/{owner}/{repo}/labels', { ...shop, name: 'merge' });
  outgoing('PATCH /repos/{owner}/{repo}/git/refs/{ref}', { ...shop, ref: 'heads/pulls/1/merge' });
  outgoing('PUT /repos/{owner}/{repo}/contents/{path}', { ...shop, path: 'src/pulls/1/merge' });
  outgoing('GET /repos/{owner}/{repo}/compare/{basehead}', { ...shop, basehead: 'main...eve:main' });
});
