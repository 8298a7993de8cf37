import { expect, test } from 'vitest';
import { directoryIn } from './directory-in.ts';

test.each([
  ['/srv/shop', undefined, '.'],
  ['/srv/shop', '/srv/shop/', '.'],
  ['/srv/shop/', 'packages//a/', 'packages/a'],
  ['/srv/shop', 'a/../b', 'b'],
  ['/srv/shop', '..and-more', '..and-more'],
  ['/srv/shop', '/srv/shop/a', 'a'],
  ['work/shop', 'a', 'a'],
  ['work/shop', undefined, '.'],
])('from %s, %s is %s', (project, workingDir, way) => {
  expect(directoryIn(project, workingDir)).toBe(way);
});

test.each([
  ['/srv/shop', '..'],
  ['/srv/shop', 'a/../../b'],
  ['/srv/shop', '/srv/shop-2'],
  ['/srv/shop', '/etc'],
  ['/srv/shop', 'a\0b'],
  ['work/shop', '../other'],
  ['work/shop', '/etc'],
])('from %s, %s leads out of it', (project, workingDir) => {
  expect(() => directoryIn(project, workingDir)).toThrow(expect.objectContaining({ code: 'bad_message' }));
});
