import { expect, test } from 'vitest';
import type { ChangeSet } from '@holdfast/protocol';
import { checkBaseLinks, type BaseLinks } from './check-base-links.ts';
import { changeSetOf, fileAt, linkAt } from './testing/policy-tricks.ts';

/** What becomes of a change set on a base with these links, and which blobs were read for it. */
async function check(
  changeSet: ChangeSet,
  targets: Readonly<Record<string, string>>,
  isCut = false,
): Promise<{ readonly said: string; readonly asked: readonly string[] }> {
  const asked: string[] = [];
  const base: BaseLinks = {
    links: Object.entries(targets).map(([path, target]) => ({ path, sha: `sha of ${target}` })),
    isCut,
    paths: () => Object.keys(targets),
    read: async (shas) => {
      expect(shas).not.toEqual([]);
      asked.push(...shas);
      return shas.map((sha) => sha.replace('sha of ', ''));
    },
  };
  const said = await checkBaseLinks({ protectedPaths: ['/secret'] }, changeSet, base).then(
    () => 'fine',
    ({ code, message }: { code: string; message: string }) => `${code}: ${message}`,
  );
  return { said, asked };
}

const manyLinks = Object.fromEntries(Array.from({ length: 201 }, (_, at) => [`l${at}`, `t${at}`]));

test('nothing is read of a base whose links cannot make a difference', async () => {
  expect(await check(changeSetOf([fileAt('a')]), manyLinks)).toEqual({ said: 'fine', asked: [] });
  expect(await check(changeSetOf([linkAt('a', 'b')]), {})).toEqual({ said: 'fine', asked: [] });
});

test('what several links hold is read once, and what is protected, always or by configuration, is found through them', async () => {
  const base = { a: '.github', b: '.github', secret: 'open' };
  const { said, asked } = await check(changeSetOf([linkAt('x', 'b/workflows'), fileAt('open')]), base);
  expect(asked).toEqual(['sha of .github', 'sha of open']);
  expect(said).toMatch(/^forbidden: .*"\/\.github\/workflows" is protected.*"open", which is also "secret".*a person/);
});

test('a draft of which it cannot be told is refused, with why', async () => {
  const link = changeSetOf([linkAt('x', 'y')]);
  expect((await check(link, manyLinks)).said).toMatch(
    /^forbidden: .*symbolic links to 201 places, and 200 is the most/,
  );
  expect((await check(link, {}, true)).said).toMatch(/^forbidden: .*more files than can be listed at once/);
  expect((await check(changeSetOf([fileAt('a')]), { secret: 'open' }, true)).said).toBe('fine');
  expect((await check(changeSetOf([fileAt('open')]), { secret: 'open' }, true)).said).toContain('"secret"');
});
