import { describe, expect, test } from 'vitest';
import { readGraphql } from './graphql-operations.ts';

describe('a document is one of queries', () => {
  test.each([
    '{ viewer { login } }',
    'query { viewer { login } }',
    'query mutation { viewer { login } }',
    'query Q($a: Int = 1) @d(mutation: "mutation { x }") { viewer { login } }',
    '# mutation { x }\nquery { viewer { login } }',
    'query { a(text: "mutation { x }", block: """mutation \\""" "{ x }""") { b } }',
    'query { ...F } fragment F on User { mutation: login }',
    ' , \ufeff{ mutation { login } }',
  ])('%s', (document) => {
    expect(readGraphql(document).isQueryOnly).toBe(true);
  });
});

describe('a document is not one of queries', () => {
  test.each([
    'mutation { x }',
    'mutation M { x }',
    'query { a } mutation { x }',
    '{ a } mutation { x }',
    'query { a(text: "}") { b } } # {\n mutation { x }',
    'query { a(text: """}""") } mutation { x }',
    'subscription { x }',
    'type T { x: Int }',
    '',
    '"open',
    'query { a(text: "open\n") { b } } mutation { x }',
    '}{ a }',
    'query { a ',
  ])('%s', (document) => {
    expect(readGraphql(document).isQueryOnly).toBe(false);
  });
});

test('names are those outside of strings and comments', () => {
  const { names } = readGraphql('mutation { one: mergePullRequest(a: "two") # three\n { four } }');
  expect([...names]).toEqual(['mutation', 'one', 'mergePullRequest', 'a', 'four']);
});
