import { describe, expect, test } from 'vitest';
import { clientOf, countingDoor } from './testing/client-of.ts';
import { json, plain, startScriptedGitHub } from './testing/scripted-github.ts';

describe('GraphQL', () => {
  test('gives the data of a query, which may be sent again', async () => {
    await using github = await startScriptedGitHub(plain(502), json({ data: { viewer: { login: 'ada' } } }));
    const query = 'query($first: Int) { viewer { login } }';
    expect(await clientOf(github).graphql(query, { first: 1 })).toEqual({ viewer: { login: 'ada' } });
    expect(github.arrived[1]).toMatchObject({
      url: '/graphql',
      body: JSON.stringify({ query, variables: { first: 1 } }),
    });
  });

  test('changes the token when one is used up, which it says with status 200', async () => {
    const limited = json({ errors: [{ type: 'RATE_LIMITED', message: 'API rate limit exceeded' }] }, 200, {
      'x-ratelimit-remaining': '0',
      'x-ratelimit-reset': '4102444800',
      'x-ratelimit-resource': 'graphql',
    });
    await using github = await startScriptedGitHub(limited, json({ data: { a: 1 } }));
    const client = clientOf(github, { admission: countingDoor(['ghp_one', 'ghp_two']) });
    expect(await client.graphql('{ a }')).toEqual({ a: 1 });
    expect(github.arrived.map(({ token }) => token)).toEqual(['ghp_one', 'ghp_two']);
  });

  test('throws what is wrong with a query, with what there is of an answer', async () => {
    const errors = [{ type: 'NOT_FOUND', message: 'Could not resolve' }];
    await using github = await startScriptedGitHub(json({ data: { a: null }, errors }));
    await expect(clientOf(github).graphql('{ a }')).rejects.toMatchObject({
      name: 'HttpError',
      message: 'Could not resolve',
      response: { data: { data: { a: null }, errors } },
    });
  });

  test('is beside the REST API of an Enterprise Server', async () => {
    await using github = await startScriptedGitHub(json({ data: {} }));
    await clientOf(github, { baseUrl: `${github.url}/api/v3` }).graphql('{ a }');
    expect(github.arrived[0]?.url).toBe('/api/graphql');
  });

  test.each(['/api/v3', '/proxy', '/proxy/api/v3'])('is told from REST behind %s', async (path) => {
    const limited = json({ errors: [{ type: 'RATE_LIMITED', message: 'API rate limit exceeded' }] }, 200, {
      'x-ratelimit-remaining': '0',
      'x-ratelimit-reset': '4102444800',
    });
    await using github = await startScriptedGitHub(limited, json({ errors: [{ message: 'no such field' }] }));
    const admission = countingDoor(['ghp_one', 'ghp_two']);
    const client = clientOf(github, { baseUrl: `${github.url}${path}`, admission });
    await expect(client.graphql('{ a }')).rejects.toThrow('no such field');
    expect(github.arrived.map(({ token }) => token)).toEqual(['ghp_one', 'ghp_two']);
  });

  test('is not an answer that has neither data nor errors', async () => {
    await using github = await startScriptedGitHub(json({ message: 'Welcome' }), json({ data: { a: 1 } }));
    expect(await clientOf(github).graphql('{ a }')).toEqual({ a: 1 });
  });

  test('sends no mutation', async () => {
    await using github = await startScriptedGitHub();
    await expect(clientOf(github).graphql('mutation { closeIssue { id } }')).rejects.toMatchObject({
      code: 'forbidden',
    });
    expect(github.arrived).toEqual([]);
  });
});
