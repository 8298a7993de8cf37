import { expect, test } from 'vitest';
import { plainPath } from './refused-routes.ts';

test.each([
  ['/repos/a/b/Merges', '/repos/a/b/merges'],
  ['/repos/a/b/merges.json', '/repos/a/b/merges'],
  ['/repos/a/b/merges.json.json;v=1;w', '/repos/a/b/merges'],
  ['/repos/a/b/x.json/y', '/repos/a/b/x.json/y'],
  ['/repos/a;1/b', '/repos/a;1/b'],
  ['//repos/./a/../b%2Fc/', '/repos/b/c'],
  ['/repos/a/.json', '/repos/a'],
  ['/', '/'],
])('the address %s is looked at as %s', (path, plain) => {
  expect(plainPath(path)).toBe(plain);
});

// A pattern that tries each way to divide them never comes to an end.
test('an address of many semicolons is read like any other', () => {
  const many = ';'.repeat(5_000);
  expect(plainPath(`/repos/a/${many}b/c`)).toBe(`/repos/a/${many}b/c`);
});
