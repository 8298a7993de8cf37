import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { parseChangeSet, type ChangedFile, type ChangeSet } from './change-set.ts';

const baseSha = 'a'.repeat(40);
const file: ChangedFile = { path: 'src/a.ts', mode: '100644', content: 'x\n', encoding: 'utf-8' };
const changeSet: ChangeSet = { baseSha, files: [file], deletions: ['src/b.ts'] };
const withFile = (rest: object): object => ({ ...changeSet, files: [{ ...file, ...rest }] });
const withPaths = (paths: readonly string[], deletions: readonly string[] = []): object => ({
  baseSha,
  files: paths.map((path) => ({ ...file, path })),
  deletions,
});

describe('a change set that is read', () => {
  test.each<[what: string, value: object]>([
    ['files and deletions', changeSet],
    ['nothing at all', { baseSha, files: [], deletions: [] }],
    ['a tree', { ...changeSet, treeSha: 'b'.repeat(40) }],
    ['a repository of SHA-256', { ...changeSet, baseSha: 'a'.repeat(64), treeSha: 'b'.repeat(64) }],
    ['an executable', withFile({ mode: '100755' })],
    ['a symbolic link', withFile({ mode: '120000', content: '../b' })],
    ['base64', withFile({ content: 'AP8=', encoding: 'base64' })],
    ['an empty file', withFile({ content: '' })],
    ['an empty file in base64', withFile({ content: '', encoding: 'base64' })],
    ['a folder that takes the place of a file', withPaths(['a/b'], ['a'])],
    ['a file that takes the place of a folder', withPaths(['a'], ['a/b'])],
    ['names that only begin alike', withPaths(['a', 'ab/c', 'a.b'])],
  ])('is the same, with %s', (_what, value) => {
    expect(parseChangeSet(value)).toEqual({ ok: true, changeSet: value });
  });

  test('has no fields that nobody knows', () => {
    expect(parseChangeSet({ ...changeSet, files: [{ ...file, owner: 'root' }], draft: false })).toEqual({
      ok: true,
      changeSet,
    });
  });
});

describe('a change set that is refused', () => {
  test.each<[what: string, value: unknown, says: RegExp]>([
    ['null', null, /object with baseSha/],
    ['a list', [], /object with baseSha/],
    ['a text', 'x', /object with baseSha/],
    ['no base', { files: [], deletions: [] }, /"baseSha" must be/],
    ['a base that is a branch', { ...changeSet, baseSha: 'main' }, /"baseSha" must be/],
    ['a base in capitals', { ...changeSet, baseSha: 'A'.repeat(40) }, /"baseSha" must be/],
    ['a base with an option', { ...changeSet, baseSha: `--${'a'.repeat(38)}` }, /"baseSha" must be/],
    ['a base with a line end', { ...changeSet, baseSha: `${baseSha}\n` }, /"baseSha" must be/],
    ['a short base', { ...changeSet, baseSha: 'abc1234' }, /"baseSha" must be/],
    ['a tree that is none', { ...changeSet, treeSha: null }, /"treeSha" must be the sha/],
    ['a tree of another kind of repository', { ...changeSet, treeSha: 'b'.repeat(64) }, /as long as "baseSha"/],
    ['no files', { baseSha, deletions: [] }, /"files" must be a list/],
    ['no deletions', { baseSha, files: [] }, /"deletions" must be a list/],
    ['files as an object', { ...changeSet, files: {} }, /"files" must be a list/],
    ['a file that is a text', { ...changeSet, files: ['a'] }, /files\[0\] must be an object/],
    ['a file without a path', withFile({ path: undefined }), /files\[0\]\.path must be a path/],
    ['an empty path', withFile({ path: '' }), /files\[0\]\.path must be a path/],
    ['a path with NUL', withFile({ path: 'a\0b' }), /files\[0\]\.path must be a path/],
    ['a path without measure', withFile({ path: 'a'.repeat(4097) }), /files\[0\]\.path must be a path/],
    ['half of a character in a path', withFile({ path: 'a\ud800' }), /files\[0\]\.path must be a path/],
    ['a deletion that is a number', { ...changeSet, deletions: [1] }, /deletions\[0\] must be a path/],
    ['a submodule', withFile({ mode: '160000' }), /"src\/a\.ts" has the mode "160000"; it must be/],
    ['a folder', withFile({ mode: '040000' }), /has the mode "040000"/],
    ['a mode that is a number', withFile({ mode: 100644 }), /has the mode 100644/],
    ['another encoding', withFile({ encoding: 'latin1' }), /has the encoding "latin1"/],
    ['no content', withFile({ content: null }), /"src\/a\.ts" has no content/],
    ['half of a character', withFile({ content: 'a\udc00b' }), /half of a character.*base64/],
    ['base64 for addresses', withFile({ content: 'AP_-', encoding: 'base64' }), /is not base64/],
    ['base64 without its end', withFile({ content: 'AP8', encoding: 'base64' }), /is not base64/],
    ['base64 with lines', withFile({ content: 'AP8=\nAP8=', encoding: 'base64' }), /is not base64/],
    ['base64 with an end in the middle', withFile({ content: 'AP8=AP8=', encoding: 'base64' }), /is not base64/],
    ['base64 with bits too many', withFile({ content: 'AP9=', encoding: 'base64' }), /is not base64/],
    ['a path twice', withPaths(['a', 'a']), /"a" is there twice/],
    ['a deletion twice', withPaths([], ['a', 'a']), /deletion of "a" is there twice/],
    ['a path both ways', withPaths(['a'], ['a']), /"a" is both a file and a deletion/],
    ['a file below a file', withPaths(['a/b/c', 'a']), /"a\/b\/c" lies below "a"/],
  ])('for %s', (_what, value, says) => {
    const parsed = parseChangeSet(value);
    expect(parsed).toEqual({ ok: false, faults: [expect.stringMatching(says)] });
  });

  test('has all its faults named at once', () => {
    const parsed = parseChangeSet({ baseSha: 'x', files: [{ ...file, mode: 'x', encoding: 'y' }], deletions: [''] });
    expect(parsed).toMatchObject({ ok: false, faults: { length: 4 } });
  });

  test('has a bounded list of faults', () => {
    const parsed = parseChangeSet({ baseSha, files: Array.from({ length: 1000 }, () => null), deletions: [] });
    expect(parsed).toMatchObject({ ok: false, faults: { length: 50, 49: 'There are 951 more faults.' } });
  });
});

describe('any change set', () => {
  test('that comes from anywhere is read or refused with sentences, and never throws', () => {
    const part = fc.oneof(fc.anything(), fc.constantFrom(baseSha, 'a', '100644', 'utf-8', 'base64', 'AP8='));
    const someFile = fc.record({ path: part, mode: part, content: part, encoding: part }, { requiredKeys: [] });
    const some = fc.record({
      baseSha: part,
      files: fc.oneof(part, fc.array(fc.oneof(someFile, part))),
      deletions: fc.oneof(part, fc.array(part)),
    });
    fc.assert(
      fc.property(fc.oneof(some, fc.anything()), (value) => {
        const parsed = parseChangeSet(value);
        if (parsed.ok) expect(parseChangeSet(parsed.changeSet)).toEqual(parsed);
        else expect(parsed.faults.every((fault) => /^\S.*\.$/s.test(fault))).toBe(true);
      }),
    );
  });

  test('says of base64 what a decoder that is strict says', () => {
    const bytes = fc.uint8Array({ maxLength: 50 }).map((some) => btoa(String.fromCharCode(...some)));
    fc.assert(fc.property(bytes, (content) => parseChangeSet(withFile({ content, encoding: 'base64' })).ok));
  });
});
