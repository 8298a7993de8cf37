import type { ChangeSet } from '@holdfast/protocol';
import { describe, expect, test } from 'vitest';
import { baseLinkFaults, concernsLinks } from './base-links.ts';
import { changeSetOf, fileAt, linkAt, triedPatterns } from '../testing/policy-tricks.ts';
import { alwaysProtected, ProtectedPaths } from './protected-paths.ts';

const protectedPaths = new ProtectedPaths([...alwaysProtected, ...triedPatterns, 'vault/*/key', 'safe/*/b/c']);

/** Where the links of a base lead; null for a file. */
type Base = Readonly<Record<string, string | null>>;
type Row = readonly [what: string, base: Base, changeSet: ChangeSet];
type RefusedRow = readonly [...row: Row, says: RegExp];

function faultsOf(base: Base, changeSet: ChangeSet): readonly string[] {
  const links = new Map(Object.entries(base).flatMap(([path, to]) => (to === null ? [] : [[path, to] as const])));
  if (!concernsLinks(changeSet, [...links.keys()], protectedPaths)) return [];
  return baseLinkFaults(changeSet, { links, paths: () => Object.keys(base) }, protectedPaths);
}

const workflow = { '.github/workflows/ci.yml': '../../ci/ci.yml' };

describe('a change set that reaches through links of its base what is protected', () => {
  const rows: readonly RefusedRow[] = [
    [
      'a link through a link',
      { conf: '.github' },
      changeSetOf([linkAt('a', 'conf/workflows/ci.yml')]),
      /through "conf"/,
    ],
    [
      'a link to a link to what is',
      { conf: '.github/workflows' },
      changeSetOf([linkAt('a', 'conf')]),
      /through "conf"/,
    ],
    [
      'a link through it in capitals',
      { conf: '.github' },
      changeSetOf([linkAt('a', 'CONF/workflows')]),
      /through "conf"/,
    ],
    ['a link to a folder above', { conf: '.github' }, changeSetOf([linkAt('x/a', '../conf')]), /to "\.github"/],
    [
      'a link through two',
      { a: 'b', b: '.github' },
      changeSetOf([linkAt('c', 'a/workflows')]),
      /"\/\.github\/workflows"/,
    ],
    ['a link through a link up', { 'src/up': '..' }, changeSetOf([linkAt('c', 'src/up/LICENSE')]), /"\/LICENSE" is/],
    ['a link to the root', { here: '.' }, changeSetOf([linkAt('a', 'here')]), /the root of the repository/],
    ['a link out of the repository', { out: '../x' }, changeSetOf([linkAt('a', 'out/y')]), /out of the repository/],
    ['a link to what is absolute', { etc: '/etc' }, changeSetOf([linkAt('a', 'etc/passwd')]), /out of the repository/],
    ['a link into a circle', { a: 'b', b: 'a' }, changeSetOf([linkAt('c', 'a/x')]), /round in a circle/],
    [
      'the file to which a protected link leads',
      workflow,
      changeSetOf([fileAt('ci/ci.yml')]),
      /"\.github\/workflows\/ci/,
    ],
    ['its deletion', workflow, changeSetOf([fileAt('x')], ['ci/ci.yml']), /"ci\/ci\.yml", which is also/],
    ['a link in the place of that file', workflow, changeSetOf([linkAt('ci/ci.yml', '../x')]), /which is also/],
    ['that file in capitals', workflow, changeSetOf([fileAt('CI/CI.yml')]), /"CI\/CI\.yml", which is also/],
    ['a folder that leads to it, where there was none', workflow, changeSetOf([linkAt('ci', 'x')]), /"ci", which is/],
    [
      'that file where the link says it in capitals',
      { '.github/workflows/ci.yml': '../../CI/ci.yml' },
      changeSetOf([fileAt('ci/ci.yml')]),
      /"ci\/ci\.yml", which is also/,
    ],
    ['a file in the place of the folder that it is in', workflow, changeSetOf([fileAt('ci')]), /"ci", which is also/],
    [
      'what a folder above leads to',
      { '.github': 'ci' },
      changeSetOf([fileAt('ci/workflows/x.yml')]),
      /"\.github\/workf/,
    ],
    [
      'a link on the way to it',
      { ...workflow, ci: 'ci-1' },
      changeSetOf([linkAt('ci', 'ci-2')]),
      /"ci", which is also "\.github\/workflows\/ci\.yml"/,
    ],
    [
      'the deletion of one on the way',
      { ...workflow, ci: 'ci-1' },
      changeSetOf([fileAt('x')], ['ci']),
      /"ci", which is/,
    ],
    [
      'a file that is known by two links together',
      { '.github/workflows': '../ci', 'ci/jobs': '../jobs' },
      changeSetOf([fileAt('jobs/a.yml')]),
      /also "\.github\/workflows\/jobs\/a\.yml"/,
    ],
    ['what is protected by its folder', { 'infra/shared': '../lib' }, changeSetOf([fileAt('lib/a')]), /"infra\/\*\*"/],
    ['what is protected by its last name', { 'a.pem': 'certs/a' }, changeSetOf([fileAt('certs/a')]), /"\*\.pem"/],
    [
      'what is protected at any depth',
      { 'ops/x': '../y' },
      changeSetOf([fileAt('y/z/secrets')]),
      /"\/ops\/\*\*\/secrets"/,
    ],
    [
      'a new link that gives a protected name to what is new too',
      { 'a.link': 'b' },
      changeSetOf([linkAt('vault/new', '../lib'), fileAt('lib/key')]),
      /"lib\/key", which is also "vault\/new\/key"/,
    ],
    [
      'a file below a link in capitals',
      { conf: '.github' },
      changeSetOf([fileAt('CONF/workflows/ci.yml')]),
      /"CONF\/workflows\/ci\.yml", which is also "\.github\/workflows\/ci\.yml"/,
    ],
    [
      'a new link that gives a protected name to what was there before',
      { 'lib/key': null },
      changeSetOf([linkAt('vault/new', '../lib')]),
      /link "vault\/new", by which "lib\/key" is also "vault\/new\/key", and "vault\/\*\/key" is protected/,
    ],
    ['one to a folder in capitals', { 'lib/key': null }, changeSetOf([linkAt('vault/new', '../LIB')]), /"LIB\/key" is/],
    [
      'a new link that does so to what is further down',
      { 'lib/b/c/secrets': null },
      changeSetOf([linkAt('ops/a', '../lib')]),
      /"ops\/a\/b\/c\/secrets"/,
    ],
    [
      'a new link that gives another protected name to what is protected',
      { 'ops/dev/secrets': null },
      changeSetOf([linkAt('ops/prod', 'dev')]),
      /"ops\/dev\/secrets" is also "ops\/prod\/secrets"/,
    ],
    [
      'a new link by which a file lies where a folder of what is protected would',
      { 'lib/b': null },
      changeSetOf([linkAt('safe/a', '../lib')]),
      /"lib\/b" is also "safe\/a\/b", and "safe\/\*\/b\/c" is protected/,
    ],
    [
      'a new link that does so to what is behind a link of the base',
      { 'lib/b': '../c', 'c/secrets': null },
      changeSetOf([linkAt('ops/a', '../lib')]),
      /"ops\/a\/b\/secrets"/,
    ],
    [
      'a new link that a link of the base leads across',
      { 'ops/a': '../x', 'lib/secrets': null },
      changeSetOf([linkAt('x', 'lib')]),
      /link "x", by which "lib\/secrets" is also "ops\/a\/secrets"/,
    ],
    [
      'a link that leads elsewhere than the one through which it had a protected name',
      { 'vault/a': '../v1', 'v1/key': null },
      changeSetOf([linkAt('vault/a', '../v2')]),
      /"v1\/key" is also "vault\/a\/key"/,
    ],
    [
      'its deletion together with a change of what had the name',
      { 'vault/a': '../v1', 'v1/key': null },
      changeSetOf([fileAt('v1/key')], ['vault/a']),
      /"v1\/key", which is also "vault\/a\/key"/,
    ],
    [
      'the deletion of that link',
      { 'vault/a': '../v1', 'v1/key': null },
      changeSetOf([fileAt('x')], ['vault/a']),
      /"v1\/key" is also "vault\/a\/key"/,
    ],
    [
      'whatever is in a repository that is its own folder',
      { '.github': '.' },
      changeSetOf([fileAt('workflows/a')]),
      /also/,
    ],
  ];

  test.each(rows)('is refused: %s', (_what, base, changeSet, says) => {
    expect(faultsOf(base, changeSet).join(' ')).toMatch(says);
  });

  test('is refused when it has more names than can be looked at', () => {
    const base = Object.fromEntries(Array.from({ length: 9 }, (_, at) => [`l${at}`, '.']));
    expect(faultsOf({ ...base, 'docs/x': '.' }, changeSetOf([linkAt('y', 'src'), fileAt('a')])).join(' ')).toMatch(
      /more than 1000 names/,
    );
  });

  test('is refused when its links lead to more than can be looked at', () => {
    const base = Object.fromEntries(Array.from({ length: 10 }, (_, at) => [`lib/${at}`, '.']));
    expect(faultsOf(base, changeSetOf([linkAt('vault/a', '../lib')])).join(' ')).toMatch(/than can be looked at/);
    expect(faultsOf(base, changeSetOf([linkAt('docs/a', '../lib')]))).toEqual([]);
  });

  // One after the other for each file, these links would take minutes.
  test('is found among very many links', () => {
    const links = Array.from({ length: 20_000 }, (_, at) => [`m/${at}/config/shared`, `../../../lib/${at % 100}`]);
    const files = Array.from({ length: 98 }, (_, at) => fileAt(`lib/${at + 100}/a`));
    const changeSet = changeSetOf([...files, linkAt('x', 'y'), fileAt('ci/ci.yml')]);
    expect(faultsOf({ ...Object.fromEntries(links), ...workflow }, changeSet)).toHaveLength(1);
  });
});

describe('a change set on a base with links', () => {
  const rows: readonly Row[] = [
    ['links that concern nobody', { 'CLAUDE.md': 'AGENTS.md' }, changeSetOf([fileAt('AGENTS.md')])],
    ['another file beside the one that is linked', workflow, changeSetOf([fileAt('ci/other.yml'), fileAt('ci.yml')])],
    ['another file of a folder that is linked', { docs: 'manual' }, changeSetOf([fileAt('manual/a.md')])],
    ['a link through a link', { current: 'src' }, changeSetOf([linkAt('a', 'current/x')])],
    [
      'a link to a folder without what would be protected',
      { 'lib/a': null },
      changeSetOf([linkAt('vault/a', '../lib')]),
    ],
    ['a link to what is protected in every folder', { 'lib/a.pem': null }, changeSetOf([linkAt('ops/a', '../lib')])],
    [
      'a link to a folder that is its own folder',
      { 'lib/self': '.', 'lib/a': null },
      changeSetOf([linkAt('ops/a', '../lib')]),
    ],
    ['a file below a link in capitals', { conf: 'src' }, changeSetOf([fileAt('CONF/ci.yml')])],
    ['a folder in capitals for a link', { conf: '.github' }, changeSetOf([fileAt('CONF/workflows/a')], ['conf'])],
    ['a link beside a link', { conf: '.github' }, changeSetOf([linkAt('a', 'src/conf')])],
    ['a link in the place of one', { current: 'v1' }, changeSetOf([linkAt('current', 'v2')])],
    ['a file in the place of one', { current: '.github' }, changeSetOf([fileAt('current')])],
    ['the deletion of one', { conf: '.github' }, changeSetOf([fileAt('a')], ['conf'])],
    ['a link through one that is deleted', { a: '.github' }, changeSetOf([linkAt('b', 'a/c'), fileAt('a/c')], ['a'])],
    [
      'links that lead nowhere, or out',
      { docs: '/x', a: '../..', b: 'b' },
      changeSetOf([fileAt('x'), linkAt('c', 'd')]),
    ],
    ['a repository that is its own folder', { 'docs/here': '..', x: '.' }, changeSetOf([fileAt('a.md')])],
  ];

  test.each(rows)('is let through: %s', (_what, base, changeSet) => {
    expect(faultsOf(base, changeSet)).toEqual([]);
  });
});

describe('where the links of a base lead', () => {
  test('need not be known when neither the change set has links nor what is protected may lie behind one', () => {
    const paths = ['src/a', 'packages/b/shared', '.github/other'];
    expect(concernsLinks(changeSetOf([fileAt('x')]), paths, protectedPaths)).toBe(false);
    expect(concernsLinks(changeSetOf([linkAt('x', 'y')]), paths, protectedPaths)).toBe(true);
    expect(concernsLinks(changeSetOf([linkAt('x', 'y')]), [], protectedPaths)).toBe(true);
    for (const path of ['.github', 'docs', 'ops/x', 'vault/x', 'a/.gitattributes', 'x.pem']) {
      expect(concernsLinks(changeSetOf([fileAt('x')]), [path], protectedPaths)).toBe(true);
    }
  });
});
