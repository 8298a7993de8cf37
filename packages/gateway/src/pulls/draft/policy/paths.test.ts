import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, describe, expect, test } from 'vitest';
import { foldersAbove, pathFault, quoted, samenessOf } from './paths.ts';
import { policyFaults } from './policy.ts';
import { ProtectedPaths } from './protected-paths.ts';
import { changeSetOf, fileAt, linkAt, triedPatterns } from '../testing/policy-tricks.ts';

const policy = { protectedPaths: triedPatterns, maxFiles: 100, maxBytes: 1_000_000 };
const someProtected = fc.constantFrom(
  '.github/workflows/ci.yml',
  '.github/workflows',
  '.github/actions/a/action.yml',
  'CODEOWNERS',
  '.github/CODEOWNERS',
  'docs/CODEOWNERS',
  '.gitmodules',
  'a/b/.gitattributes',
  'infra/main.tf',
  'a/key.pem',
  'LICENSE',
  'café/menu',
  'deploy/prod-1.yml',
  'ops/a/secrets',
  '.git/config',
  'vendor/.git/hooks/pre-push',
);

/** What HFS+ does not see: next_hfs_char() in utf8.c of git. */
const unseen = fc.constantFrom(
  ...[0x200c, 0x200d, 0x200e, 0x200f, 0x202a, 0x202b, 0x202c, 0x202d, 0x202e, 0x206a, 0x206b, 0x206c].map((code) =>
    String.fromCodePoint(code),
  ),
  ...[0x206d, 0x206e, 0x206f, 0xfeff].map((code) => String.fromCodePoint(code)),
);
/** Other spellings of a letter, by what file systems fold away and by what a careless reader takes for the same. */
const spellings = (letter: string): fc.Arbitrary<string> =>
  fc.oneof(
    { weight: 4, arbitrary: fc.constant(letter) },
    fc.constant(letter.toUpperCase()),
    fc.constant(letter.toLowerCase()),
    unseen.map((point) => letter + point),
    unseen.map((point) => point + letter),
    fc.constant(letter.normalize('NFD')),
    fc.constant(/[!-.0-~]/.test(letter) ? String.fromCodePoint(letter.charCodeAt(0) + 0xfee0) : letter),
    fc.constant(
      ({ i: 'ı', I: 'İ', s: 'ſ', S: 'ſ', k: '\u212a', K: '\u212a' } as Record<string, string>)[letter] ?? letter,
    ),
  );
/** What NTFS drops at the end of a name. */
const endings = fc.oneof(
  { weight: 4, arbitrary: fc.constant('') },
  fc.constantFrom('.', ' ', '. .', '...', '::$DATA', '::$INDEX_ALLOCATION', ':x'),
);
const otherwise = (path: string): fc.Arbitrary<string> =>
  fc
    .tuple(
      ...path
        .split('/')
        .map((name) =>
          fc
            .tuple(fc.tuple(...Array.from(name, (letter) => spellings(letter))), endings)
            .map(([letters, end]) => letters.join('') + end),
        ),
    )
    .chain((names) => fc.constantFrom(names.join('/'), names.join('/'), names.join('\\'), `./${names.join('//')}`));
const anySpelling = someProtected.chain(otherwise);

describe('no spelling of a protected path', () => {
  test('that git, HFS+ or NTFS would take for it is published, as a file, a link or a deletion', () => {
    fc.assert(
      fc.property(anySpelling, (path) => {
        expect(policyFaults(policy, changeSetOf([fileAt(path)]))).not.toEqual([]);
        expect(policyFaults(policy, changeSetOf([linkAt(path, 'src')]))).not.toEqual([]);
        expect(policyFaults(policy, changeSetOf([], [path]))).not.toEqual([]);
      }),
      { numRuns: 1000 },
    );
  });

  test('can be led to by a link', () => {
    const ups = fc.nat({ max: 3 });
    fc.assert(
      fc.property(anySpelling, ups, (path, up) => {
        const link = linkAt(`${'f/'.repeat(up)}link`, `${'../'.repeat(up)}${path}`);
        expect(policyFaults(policy, changeSetOf([link]))).not.toEqual([]);
      }),
      { numRuns: 500 },
    );
  });

  test('can have one of its folders replaced', () => {
    const folders = fc.constantFrom('.github', '.github/workflows', 'docs', 'infra', 'ops', 'café').chain(otherwise);
    fc.assert(
      fc.property(folders, (path) => {
        expect(policyFaults(policy, changeSetOf([fileAt(path)]))).not.toEqual([]);
        expect(policyFaults(policy, changeSetOf([linkAt(path, 'src')]))).not.toEqual([]);
      }),
      { numRuns: 500 },
    );
  });
});

describe('a path', () => {
  const folder = mkdtempSync(join(tmpdir(), 'holdfast-paths-'));
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  test('that git refuses, with HFS+ and NTFS in mind, is refused here', () => {
    const git = (args: readonly string[], input?: string): string =>
      execFileSync('git', args, { cwd: folder, encoding: 'utf8', input, stdio: ['pipe', 'pipe', 'pipe'] });
    git(['init', '-q', '.']);
    const blob = git(['hash-object', '-w', '--stdin'], 'x').trim();
    const parts = fc.constantFrom(
      '.git',
      '.GIT',
      'git~1',
      '.gi\u200ct',
      '.git.',
      '.git ',
      '.git:x',
      '..',
      '.',
      '',
      'a',
      'b.c',
      '.github',
    );
    const path = fc
      .array(fc.oneof(parts, parts.chain(otherwise)), { minLength: 1, maxLength: 4 })
      .map((names) => names.join('/'));
    const letThrough = fc.sample(path, { numRuns: 3000, seed: 20 }).filter((one) => pathFault(one) === undefined);
    expect(letThrough.length).toBeGreaterThan(100);
    // Each in a folder of its own, so that none replaces another. What git does not take it leaves out.
    const placed = letThrough.map((one, at) => `${at}/${one}`);
    const protect = ['-c', 'core.protectHFS=true', '-c', 'core.protectNTFS=true'];
    const lines = placed.map((one) => `100644 ${blob}\t${one}\0`);
    git([...protect, 'update-index', '-z', '--index-info'], lines.join(''));
    const taken = new Set(git(['ls-files', '-z']).split('\0'));
    expect(placed.filter((one) => !taken.has(one))).toEqual([]);
  });

  test('is read or refused, whatever it is, and what is said of it can be shown', () => {
    fc.assert(
      fc.property(fc.oneof(fc.string({ unit: 'binary' }), fc.string({ unit: 'grapheme' })), (path) => {
        const fault = pathFault(path);
        if (fault === undefined) expect(samenessOf(path)).not.toBe('');
        expect(quoted(path)).not.toMatch(/[\p{Cc}\p{Cs}\p{Bidi_Control}\u200b\ufeff]/u);
        new ProtectedPaths(triedPatterns).find(path);
      }),
    );
  });

  test('is one with itself in any form', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme', minLength: 1 }), (name) => {
        const form = samenessOf(name);
        for (const other of [name.normalize('NFC'), name.normalize('NFD')]) expect(samenessOf(other)).toBe(form);
        expect(samenessOf(form)).toBe(form);
      }),
      { examples: [['at 7 ㏂'], ['㏂.'], ['ẞ '], ['STRAẞE']] },
    );
  });

  test('is one with itself in capitals and in small letters, whichever letter it has', () => {
    const apart: string[] = [];
    // Planes 0 to 2: beyond them lies nothing that has another form.
    for (let code = 0x20; code < 0x3_0000; code++) {
      const name = `a${String.fromCodePoint(code)}`;
      if (!name.isWellFormed()) continue;
      const forms = [name, name.toUpperCase(), name.toLowerCase(), samenessOf(name)].map(samenessOf);
      if (new Set(forms).size > 1) apart.push(code.toString(16));
    }
    expect(apart).toEqual([]);
  });

  test('lies in folders', () => {
    expect(foldersAbove('a/b/c')).toEqual(['a', 'a/b']);
    expect(foldersAbove('a')).toEqual([]);
  });

  test('is cut in a sentence', () => {
    expect(quoted('a'.repeat(5000))).toHaveLength(203);
  });

  test('costs little, however it is made', () => {
    const paths = new ProtectedPaths(['*a*a*a*a*a*a*b', '**/a/**/a/**/a/**/b', ...triedPatterns]);
    for (const path of ['a'.repeat(4095), 'a/'.repeat(2047), '*'.repeat(4095)])
      expect(paths.find(path)).toBeUndefined();
  });
});
