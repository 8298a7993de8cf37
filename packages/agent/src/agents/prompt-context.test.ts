import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { renderContext } from './prompt-context.ts';

describe('renderContext', () => {
  let base = '';
  let workspace = '';
  beforeAll(() => {
    base = mkdtempSync(join(tmpdir(), 'holdfast-context-'));
    workspace = join(base, 'workspace');
    mkdirSync(workspace);
    writeFileSync(join(workspace, 'a.ts'), 'one\ntwo\nthree\n');
    writeFileSync(join(base, 'secret'), 'secret');
    symlinkSync(join(base, 'secret'), join(workspace, 'link'));
  });
  afterAll(() => rmSync(base, { recursive: true }));

  it('is nothing without files', () => {
    expect(renderContext(workspace, undefined)).toBeUndefined();
    expect(renderContext(workspace, { files: [] })).toBeUndefined();
  });

  it('shows the lines that were selected, and only names what is not to be included', () => {
    const files = [
      { path: 'a.ts', selection: { start: 2, end: 3 } },
      { path: 'b.ts', include: false },
    ];
    expect(renderContext(workspace, { files })).toBe(
      'Files that the prompt is about:\n<file path="a.ts" lines="2-3">\ntwo\nthree\n</file>\n<file path="b.ts" />',
    );
  });

  it.each(['../secret', 'link', '/etc/passwd'])('shows nothing that lies outside of the workspace: %s', (path) => {
    expect(renderContext(workspace, { files: [{ path }] })).toContain('(outside of the workspace: not shown)');
  });

  it('says why a file cannot be read', () => {
    expect(renderContext(workspace, { files: [{ path: 'gone' }, { path: '.' }] })).toMatch(/ENOENT[^]*EISDIR/);
  });
});
