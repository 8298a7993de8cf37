import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { inspect } from 'node:util';
import { afterAll, describe, expect, test } from 'vitest';
import type { ProjectId } from '@holdfast/protocol';
import { maxEntryBytes } from '../conversations/entry.ts';
import { entryOf } from '../pulls/draft/outbox-entry.ts';
import { openOutbox } from '../pulls/draft/outbox.ts';
import type { DraftPolicy } from '../pulls/draft/policy/policy.ts';
import type { Project } from './project.ts';
import { readProjects } from './read-projects.ts';

const folder = mkdtempSync(join(tmpdir(), 'holdfast-pulls-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Of a project with these fields, as JSON, which is YAML too. */
function read(fields: object): { readonly project: Project | undefined; readonly faults: readonly string[] } {
  const file = join(folder, 'projects.yaml');
  writeFileSync(file, JSON.stringify({ projects: [{ id: 'shop', workspace: { local: '/srv' }, ...fields }] }));
  const faults: string[] = [];
  const [project] = readProjects({ HOLDFAST_CONFIG: file }, undefined, faults);
  return { project, faults: faults.map((fault) => fault.replace(`HOLDFAST_CONFIG ${file}: projects.0.`, '')) };
}

const usual = {
  base: null,
  branchPrefix: 'holdfast/',
  protectedPaths: [],
  maxFiles: 100,
  maxBytes: 1_000_000,
  labels: ['holdfast'],
  author: { name: 'Holdfast', email: 'holdfast@users.noreply.github.com' },
};

describe('where the drafts of a project go', () => {
  test('is nowhere, unless it is said', () => {
    expect(read({}).project).not.toHaveProperty('pulls');
  });

  test('is GitHub with a repo, under the usual policy', () => {
    expect(read({ repo: 'acme/shop' }).project?.pulls).toEqual({
      target: { kind: 'github', owner: 'acme', repo: 'shop' },
      policy: usual,
    });
  });

  test('is a git remote, whose address is not printed', () => {
    const { project } = read({ pulls: { remote: 'https://bot:hush@git.example.org/shop.git' } });
    const target = project?.pulls?.target;
    expect(target?.kind === 'git' && target.remote.reveal()).toBe('https://bot:hush@git.example.org/shop.git');
    expect(project?.pulls?.policy).toEqual(usual);
    expect(inspect(project, { depth: 9 }) + JSON.stringify(project)).not.toContain('hush');
  });

  test('has a policy of its own', () => {
    const pulls = {
      base: 'release/1.2',
      branchPrefix: 'bot/drafts-',
      protected: ['infra/**', '*.pem', '/LICENSE'],
      maxFiles: 20,
      maxBytes: 50_000,
      labels: ['bot', 'needs review'],
      author: 'Ada the Second <ada@example.org>',
    };
    expect(read({ repo: 'acme/shop.js', pulls }).project?.pulls).toEqual({
      target: { kind: 'github', owner: 'acme', repo: 'shop.js' },
      policy: {
        base: 'release/1.2',
        branchPrefix: 'bot/drafts-',
        protectedPaths: ['infra/**', '*.pem', '/LICENSE'],
        maxFiles: 20,
        maxBytes: 50_000,
        labels: ['bot', 'needs review'],
        author: { name: 'Ada the Second', email: 'ada@example.org' },
      },
    });
  });

  test('has no larger policy than a draft in the store has room for', () => {
    const pulls = {
      protected: Array.from({ length: 199 }, (_, at) => `${at}/${'"'.repeat(120)}`),
      labels: Array.from({ length: 20 }, () => '"'.repeat(50)),
      author: `${'日'.repeat(294)} <a@b>`,
      branchPrefix: '"'.repeat(199),
      base: '"'.repeat(200),
    };
    const { project, faults } = read({ repo: 'acme/shop', pulls });
    expect(faults).toEqual([]);
    const policy = project?.pulls?.policy as DraftPolicy;
    const given = {
      draftId: 'd',
      projectId: 'shop' as ProjectId,
      content: { parts: 1, digest: '' },
      policy,
      steps: [],
    };
    const { body } = entryOf(openOutbox(given, 0), 0);
    expect(Buffer.byteLength(body)).toBeLessThan(maxEntryBytes / 2);
  });

  test.each([
    '/srv/git/shop.git',
    'file:///srv/git/shop.git',
    'ssh://git@git.example.org:2222/shop.git',
    'git@git.example.org:acme/shop.git',
    'git.example.org:shop.git',
    'http://127.0.0.1:3000/shop.git',
    'git://git.example.org/shop.git',
    'https://git.example.org/shop.git',
  ])('may be the remote %s', (remote) => {
    expect(read({ pulls: { remote } }).faults).toEqual([]);
  });
});

describe('what is wrong with it', () => {
  test.each<[fields: object, fault: RegExp]>([
    [{ repo: 'shop' }, /^repo must be OWNER\/NAME/],
    [{ repo: 'acme/shop/x' }, /^repo must be OWNER\/NAME/],
    [{ repo: 'acme/..' }, /^repo must be OWNER\/NAME/],
    [{ repo: 'acme/shop.git' }, /^repo must be OWNER\/NAME/],
    [{ repo: 'https://github.com/acme/shop' }, /^repo must be OWNER\/NAME/],
    [{ repo: '-x/shop' }, /^repo must be OWNER\/NAME/],
    [{ repo: 'acme/shop', pulls: { remote: '/srv/x.git' } }, /^pulls has a remote, and the project has a repo/],
    [{ pulls: {} }, /^pulls needs a remote/],
    [{ repo: 'a/b', pulls: { draft: false } }, /^pulls Unrecognized key: "draft"/],
    [{ repo: 'a/b', pulls: { base: 'a..b' } }, /^pulls\.base has \.\. or @\{/],
    [{ repo: 'a/b', pulls: { base: 'refs heads' } }, /^pulls\.base has a space/],
    [{ repo: 'a/b', pulls: { base: '-main' } }, /^pulls\.base begins with -/],
    [{ repo: 'a/b', pulls: { base: '' } }, /^pulls\.base is empty/],
    [{ repo: 'a/b', pulls: { branchPrefix: '/x/' } }, /^pulls\.branchPrefix begins or ends with \//],
    [{ repo: 'a/b', pulls: { branchPrefix: 'x.lock/' } }, /^pulls\.branchPrefix has a part that ends with \.lock/],
    [{ repo: 'a/b', pulls: { protected: ['!x'] } }, /^pulls\.protected\.0 begins with !/],
    [{ repo: 'a/b', pulls: { protected: ['a', 'x.{js,ts}'] } }, /^pulls\.protected\.1 has \{/],
    [{ repo: 'a/b', pulls: { maxFiles: 101 } }, /^pulls\.maxFiles must be at most 100: it may be lowered/],
    [{ repo: 'a/b', pulls: { maxFiles: 0 } }, /^pulls\.maxFiles must be at least 1/],
    [{ repo: 'a/b', pulls: { maxBytes: 2_000_000 } }, /^pulls\.maxBytes must be at most 1000000/],
    [{ repo: 'a/b', pulls: { labels: [''] } }, /^pulls\.labels\.0 must be a label/],
    [{ repo: 'a/b', pulls: { labels: ['x'.repeat(51)] } }, /^pulls\.labels\.0 must have at most 50/],
    [{ repo: 'a/b', pulls: { author: 'Ada' } }, /^pulls\.author must be "Name <email>"/],
    [{ repo: 'a/b', pulls: { author: '... <a@b>' } }, /^pulls\.author must be "Name <email>"/],
    [{ repo: 'a/b', pulls: { author: 'A\u0007 <a@b>' } }, /^pulls\.author must be "Name <email>"/],
    [{ pulls: { remote: '--upload-pack=touch' } }, /^pulls\.remote begins with -/],
    [{ pulls: { remote: 'ext::sh -c true' } }, /^pulls\.remote has a space/],
    [{ pulls: { remote: 'ext::sh' } }, /^pulls\.remote names a helper program/],
    [{ pulls: { remote: 'ftp://example.org/x' } }, /^pulls\.remote is no address/],
    [{ pulls: { remote: 'ssh://-oProxyCommand=x/y' } }, /^pulls\.remote (has no host|is no address)/],
    [{ pulls: { remote: '-oProxyCommand=x:y' } }, /^pulls\.remote begins with -/],
    [{ pulls: { remote: 'ssh://u:p@example.org/y' } }, /^pulls\.remote has a password/],
    [{ pulls: { remote: '../shop.git' } }, /^pulls\.remote is neither/],
    [{ pulls: { remote: 'C:\\git' } }, /^pulls\.remote is neither/],
  ])('%j', (fields, fault) => {
    expect(read(fields).faults).toEqual([expect.stringMatching(fault)]);
  });

  test('is that it is longer than a draft in the store has room for', () => {
    const many = Array.from({ length: 101 }, () => '日'.repeat(167));
    const faultsOf = (pulls: object): readonly string[] => read({ repo: 'a/b', pulls }).faults;
    expect(faultsOf({ protected: ['x'.repeat(501)] })).toEqual([
      expect.stringMatching(/^pulls\.protected\.0 is longer than 500 characters/),
    ]);
    expect(faultsOf({ protected: many })).toEqual([
      expect.stringMatching(/^pulls\.protected has patterns of 50\d+ bytes together; 50000 is the most/),
    ]);
    expect(faultsOf({ author: `${'A'.repeat(300)} <a@b>` })).toEqual([
      expect.stringMatching(/^pulls\.author must have at most 300 characters/),
    ]);
  });

  test('is said all at once, and without a password', () => {
    const pulls = { base: '', maxFiles: 0, author: 'x', remote: 'https://u:hush@git.example.org/a b' };
    const { faults } = read({ repo: 'x', pulls });
    expect(faults.map((fault) => fault.split(' ', 1)[0])).toEqual([
      'repo',
      'pulls.base',
      'pulls.maxFiles',
      'pulls.author',
      'pulls.remote',
      'pulls',
    ]);
    expect(faults.join()).not.toContain('hush');
  });
});
