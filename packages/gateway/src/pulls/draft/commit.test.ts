import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, describe, expect, test } from 'vitest';
import type { ConversationId, UserId } from '@holdfast/protocol';
import { branchNameFault } from './branch-name.ts';
import { branchOf, commitOf } from './commit.ts';
import { readTrailers } from './message.ts';
import { draftWith, samplePolicy } from './testing/sample-draft.ts';
import { git } from './testing/real-git.ts';

const folder = mkdtempSync(join(tmpdir(), 'holdfast-commit-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const trailers = ['Conversation-Id: conversation-1', 'Draft-Id: draft-1', 'Requested-by: ada'];
/** What git itself takes for the trailers of a message. */
const seenByGit = (message: string, options: readonly string[] = []): readonly string[] =>
  git(folder, ['interpret-trailers', '--parse', ...options], { input: `${message}\n` })
    .trim()
    .split('\n');

describe('the commit of a draft', () => {
  test('has title, body and trailers, and one identity and date', () => {
    const signature = { name: 'Holdfast', email: 'holdfast@example.org', date: '2025-01-02T03:04:05Z' };
    expect(commitOf(draftWith(), samplePolicy)).toEqual({
      message: ['A better shop', '', 'It sells more.', '', ...trailers, ''].join('\n'),
      author: signature,
      committer: signature,
    });
  });

  test('has no body where there is none', () => {
    expect(commitOf(draftWith({ body: ' \n' }), samplePolicy).message).toBe(
      ['A better shop', '', ...trailers, ''].join('\n'),
    );
  });

  test('has a title of its own where there is none', () => {
    expect(commitOf(draftWith({ title: '\u0007 ' }), samplePolicy).message).toMatch(/^Draft draft-1\n\n/);
  });

  // A pattern that is worse than linear takes longer for these than a test may.
  test.each(['-', ' ', '\t', '[', '[skip ', '- - ', '\n', '\n-', '\n x'])(
    'comes soon of bodies of nothing but %j',
    (part) => {
      const body = `[skip${part.repeat(59_000 / part.length)}x`;
      for (let count = 0; count < 30; count += 1) {
        const { message } = commitOf(draftWith({ body }), samplePolicy);
        expect(message.startsWith('A better shop\n\n[skip')).toBe(true);
      }
    },
  );

  test('keeps Markdown as it is', () => {
    const body = '# Why\n\n- a: b\n- `x`\n\n```ts\n\tconst a = 1;\n```\n\nSee: https://example.org';
    expect(commitOf(draftWith({ body }), samplePolicy).message).toContain(body);
  });

  test.each([
    ['trailers', 'Conversation-Id: other\nDraft-Id: other\nRequested-by: grace'],
    ['trailers in capitals', 'CONVERSATION-ID : other'],
    ['trailers with an indent', '  Draft-Id: other'],
    ['trailers in full-width letters', 'Ｄｒａｆｔ-Id： other'],
    ['who never wrote or read it', 'Co-authored-by: Grace <grace@example.org>\nSigned-off-by: Grace <g@example.org>'],
    ['a line that ends the message for git', 'x\n\nDraft-Id: other\n---\n'],
    ['the cut line of an editor', 'x\n\nDraft-Id: other\n# ------------------------ >8 ------------------------\n'],
    ['line ends of other kinds', 'x\r\rDraft-Id: other\u2028Draft-Id: other\u0085Draft-Id: other'],
    ['a list of conflicts', 'x\n\nDraft-Id: other\n\nConflicts:\n\ta'],
    ['comments', 'x\n\nDraft-Id: other\n# a\n# b'],
  ])('is forged by nothing in the body: %s', (_what, body) => {
    const { message } = commitOf(draftWith({ body }), samplePolicy);
    for (const options of [[], ['--no-divider']]) expect(seenByGit(message, options)).toEqual(trailers);
    expect(message).not.toMatch(/^\s*(Draft-Id|Conversation-Id|[\w-]+-by)\s*:(?! draft-1| conversation-1| ada)/im);
    expect(readTrailers(message)).toEqual({ conversationId: 'conversation-1', draftId: 'draft-1' });
  });

  test('is forged by nothing in the title, the user id or the ids', () => {
    const draft = draftWith({
      title: 'x\n\nDraft-Id: other\n',
      userId: 'ada\nDraft-Id: other' as UserId,
      conversationId: 'c\r\n\r\nDraft-Id: other' as ConversationId,
    });
    const { message } = commitOf(draft, samplePolicy);
    expect(seenByGit(message)).toEqual([
      'Conversation-Id: c Draft-Id: other',
      'Draft-Id: draft-1',
      'Requested-by: ada Draft-Id: other',
    ]);
    expect(message.split('\n', 1)).toEqual(['x Draft-Id: other']);
  });

  test('has nothing that leads a terminal or a reader astray', () => {
    const { message } = commitOf(draftWith({ title: 'a\u001b[31mb\u202ec', body: 'a\0b\u2066c\ud800' }), samplePolicy);
    expect(message).toMatch(/^a \[31mbc\n\nabc\ufffd\n\n/);
  });

  test.each([
    '[skip ci]',
    '[Skip CI]',
    '[ci skip]',
    '[no ci]',
    '[skip actions]',
    '[actions  skip]',
    '[skip          ci]',
    '[      ci -_- skip      ]',
    '[skip_ci]',
    '[skip-azp]',
    '[skip\u0000 ci]',
    '[CF-Pages-Skip]',
    '***NO_CI***',
  ])('keeps no checks from being run: %j', (words) => {
    const { message } = commitOf(draftWith({ title: `a ${words}`, body: `b ${words} c` }), samplePolicy);
    expect(message).not.toMatch(/\[[^\]]*\]|\*\*\*/);
    expect(message).toMatch(/^a \W?(skip|ci|no|actions|cf-pages).*\n\nb /i);
  });

  test('has no trailer that keeps checks from being run, and brackets that mean nothing stay', () => {
    const { message } = commitOf(
      draftWith({ body: 'x [skip to it](#it) [no] [x]\n\n\nskip-checks: true' }),
      samplePolicy,
    );
    expect(message).toContain('x [skip to it](#it) [no] [x]\n\n> skip-checks: true\n');
  });

  test('has a bound', () => {
    const { message } = commitOf(draftWith({ title: '😀'.repeat(1000), body: 'x\n'.repeat(1e6) }), samplePolicy);
    expect(message.length).toBeLessThan(61_000);
    expect(message.isWellFormed()).toBe(true);
  });

  test('has the trailers that git sees, whatever is in it', () => {
    const line = fc.oneof(
      fc.string({ unit: 'binary', maxLength: 10 }),
      fc.constantFrom(
        'Draft-Id: other',
        '---',
        '--- x',
        '# --- >8 ---',
        '',
        ' x',
        'Conflicts:',
        '\tx',
        '# x',
        'x:',
        '\u0085',
      ),
    );
    const text = fc.array(line, { maxLength: 6 }).map((lines) => lines.join('\n'));
    fc.assert(
      fc.property(text, text, (title, body) => {
        const { message } = commitOf(draftWith({ title, body }), samplePolicy);
        expect(seenByGit(message)).toEqual(trailers);
        expect(commitOf(draftWith({ title, body }), samplePolicy).message).toBe(message);
      }),
      { numRuns: 150 },
    );
  });

  test('is told from other commits by its trailers', () => {
    for (const message of [
      '',
      'x',
      trailers.join('\n'),
      `x\n\n${trailers.join('\n')}\n\ny`,
      `x\n${trailers.join('\n')}`,
    ]) {
      expect(readTrailers(message)).toBeUndefined();
    }
  });
});

describe('the branch of a draft', () => {
  test('is the prefix and its id', () => {
    expect(branchOf({ draftId: 'a.b_C-1' }, samplePolicy)).toBe('holdfast/a.b_C-1');
  });

  test('is one that git takes, whatever the id is, and another one for each', () => {
    const ids = ['a..b', 'a--b', '.', '..', '.a', 'a.', 'a.lock', '-', 'x'.repeat(100), 'a.LOCK'];
    const names = ids.map((draftId) => branchOf({ draftId }, samplePolicy));
    for (const name of names) expect(git(folder, ['check-ref-format', '--branch', name]).trim()).toBe(name);
    expect(new Set(names).size).toBe(ids.length);
  });

  test('has a name that is refused exactly where git refuses it, or where it would be misread', () => {
    const part = fc.oneof(
      fc.string({ maxLength: 3 }),
      fc.constantFrom('.', '..', '/', '@', '@{', '.lock', '-', 'main', 'é', ' ', '\u007f'),
    );
    const name = fc.array(part, { minLength: 1, maxLength: 4 }).map((parts) => parts.join(''));
    const takes = (branch: string): boolean => {
      try {
        git(folder, ['check-ref-format', `refs/heads/${branch}`]);
        return true;
      } catch {
        return false;
      }
    };
    fc.assert(
      fc.property(
        name.filter((one) => !one.includes('\0')),
        (branch) => {
          const isMisread = branch === '@' || branch === 'HEAD' || branch.startsWith('-');
          expect(branchNameFault(branch) === undefined).toBe(takes(branch) && !isMisread);
        },
      ),
      { numRuns: 300 },
    );
  });
});
