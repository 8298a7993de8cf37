import { mkdtempSync, mkdirSync, readFileSync, rmSync, symlinkSync, existsSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { writeInside } from './write-inside.ts';

describe('writeInside', () => {
  let base = '';
  let workspace = '';
  beforeEach(() => {
    base = mkdtempSync(join(tmpdir(), 'holdfast-write-'));
    workspace = join(base, 'workspace');
    mkdirSync(workspace);
    mkdirSync(join(base, 'outside'));
  });
  afterEach(() => rmSync(base, { recursive: true }));

  it('writes a file and makes its folders', () => {
    writeInside(workspace, 'a/b/..c.txt', 'text');
    expect(readFileSync(join(workspace, 'a/b/..c.txt'), 'utf8')).toBe('text');
  });

  it('takes a name that begins with two dots', () => {
    writeInside(workspace, '..c.txt', 'text');
    expect(existsSync(join(workspace, '..c.txt'))).toBe(true);
  });

  it('takes an absolute path that lies inside', () => {
    writeInside(workspace, join(workspace, 'a.txt'), 'text');
    expect(existsSync(join(workspace, 'a.txt'))).toBe(true);
  });

  it.each([
    '../outside/x.txt',
    'a/../../outside/x.txt',
    '/tmp/holdfast-never.txt',
    '..',
    'out/x.txt',
    'out/new/x.txt',
    'gone',
  ])('refuses %s, which leads outside', (path) => {
    symlinkSync(join(base, 'outside'), join(workspace, 'out'));
    symlinkSync(join(base, 'nowhere'), join(workspace, 'gone'));
    expect(() => writeInside(workspace, path, 'text')).toThrow(/outside of the workspace|leads nowhere/);
    expect(existsSync(join(base, 'outside', 'x.txt'))).toBe(false);
    expect(existsSync(join(base, 'nowhere'))).toBe(false);
  });
});
