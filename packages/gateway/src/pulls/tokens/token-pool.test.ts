import { inspect } from 'node:util';
import { describe, expect, test } from 'vitest';
import type { Answer } from '../retry/classify.ts';
import { resourceOf } from '../retry/resource.ts';
import { TokenPool, type TokenWarning } from './token-pool.ts';

const secrets = ['ghp_aaa', 'ghp_bbb', 'ghp_ccc'];

const get = { method: 'GET' } as const;
const broken: Answer = { kind: 'no_answer', reason: 'connection_lost' };
const refused: Answer = { kind: 'response', status: 401, headers: {} };

function poolOf(tokens: readonly string[] = secrets) {
  const warnings: TokenWarning[] = [];
  const clock = { nowMs: 0 };
  const pool = new TokenPool(tokens, { onWarning: (warning) => warnings.push(warning), now: () => clock.nowMs });
  const takeLabels = (times: number): readonly string[] =>
    Array.from({ length: times }, () => {
      const choice = pool.take();
      return choice.kind === 'none' ? choice.message : choice.label;
    });
  return { pool, warnings, clock, takeLabels };
}

describe('a pool', () => {
  test('gives its tokens in turn, by labels that say nothing of them', () => {
    const { pool, takeLabels } = poolOf();
    expect(pool.size()).toBe(3);
    expect(takeLabels(4)).toEqual(['token-1', 'token-2', 'token-3', 'token-1']);
    const choice = pool.take();
    expect(choice.kind === 'token' && choice.secret.reveal()).toBe('ghp_bbb');
  });

  test('does not take the quota of a resource that it does not know for the quota of another', () => {
    const { pool } = poolOf(['ghp_aaa']);
    const headers = {
      'x-ratelimit-resource': 'audit_log',
      'x-ratelimit-remaining': '0',
      'x-ratelimit-reset': '4102444800',
    };
    pool.ended('token-1', get, { kind: 'response', status: 200, headers });
    expect(pool.take('core').kind).toBe('token');
  });

  test('counts failures by label', () => {
    const { pool, takeLabels } = poolOf();
    expect(pool.ended('token-2', get, broken)).toEqual({ kind: 'transient' });
    expect(pool.tokenFailures).toEqual({ 'token-1': 0, 'token-2': 1, 'token-3': 0 });
    expect(takeLabels(3)).toEqual(['token-1', 'token-3', 'token-1']);
  });

  test('never shows a token, however it is printed', () => {
    const { pool } = poolOf();
    const shown = [
      inspect(pool, { depth: 9, showHidden: true }),
      JSON.stringify([pool, pool.take(), pool.status(), pool.tokenFailures]),
      inspect(pool.take(), { depth: 9 }),
    ].join('\n');
    expect(shown).not.toContain('ghp_');
  });

  test('has no place for what cannot be a token, and names its place only', () => {
    expect(() => new TokenPool(['ghp_good', 'ghp_bad\r\nx-evil: 1'])).toThrow(
      'TokenPool: what is at place 2 cannot be a token.',
    );
  });

  test.each([
    ['ghp_one', undefined, 'tokens are an array, and this is a text of length 7'],
    [[undefined, 'ghp_one', 7], undefined, 'what is at place 1, 3 cannot be a token'],
    [['ghp_one'], { onwarning: () => {} }, 'there is no option onwarning; onWarning is one'],
    [[''], { now: 7 }, 'what is at place 1 cannot be a token; now must be a function, and is 7'],
  ])('is not made of %o with %o', (tokens, options, fault) => {
    expect(() => new TokenPool(tokens as string[], options as never)).toThrow(
      expect.objectContaining({ code: 'bad_message', message: `TokenPool: ${fault}.` }),
    );
  });

  test('comes from the environment', () => {
    expect(TokenPool.fromEnv({ GITHUB_API_TOKEN_POOL: 'a,b,a' }).size()).toBe(2);
    expect(TokenPool.fromEnv({ GITHUB_TOKEN: 'a' }).size()).toBe(1);
  });

  test('that is empty says what to set', () => {
    expect(poolOf([]).takeLabels(1)).toEqual([
      'There is no GitHub token; set GITHUB_TOKEN, or GITHUB_API_TOKEN_POOL for several.',
    ]);
  });
});

describe('a token', () => {
  test('of a user that another one is of is told of, and not used', () => {
    const { pool, warnings, takeLabels } = poolOf();
    pool.identify('token-1', 'ada');
    pool.identify('token-3', 'ada');
    expect(warnings).toMatchObject([{ kind: 'same_user', label: 'token-3', as: 'token-1' }]);
    expect(pool.size()).toBe(2);
    expect(takeLabels(3)).toEqual(['token-1', 'token-2', 'token-1']);
    expect(pool.status().map(({ state }) => state)).toEqual(['in_rotation', 'in_rotation', 'spare']);
  });

  test('that GitHub refused is told of once, and tried again after an hour', () => {
    const { pool, warnings, clock, takeLabels } = poolOf(['ghp_aaa']);
    pool.ended('token-1', get, refused);
    pool.ended('token-1', get, refused);
    expect(warnings).toMatchObject([{ kind: 'quarantined', label: 'token-1' }]);
    expect(pool.size()).toBe(0);
    expect(takeLabels(1)[0]).toContain('GitHub refused every token (401)');
    clock.nowMs = 3_600_000;
    expect(takeLabels(1)).toEqual(['token-1']);
  });

  test('rests until the reset of what it used up, and the pool says when the first is back', () => {
    const { pool, clock } = poolOf(['ghp_aaa', 'ghp_bbb']);
    const search = { method: 'GET', resource: 'search' } as const;
    const used = (resetS: number): Answer => ({
      kind: 'response',
      status: 200,
      headers: { 'x-ratelimit-remaining': '0', 'x-ratelimit-reset': String(resetS) },
    });
    expect(pool.ended('token-1', search, used(60))).toEqual({ kind: 'success' });
    pool.ended('token-2', search, used(30));
    expect(pool.take('search')).toEqual({ kind: 'cooling', label: 'token-2', untilMs: 30_000 });
    expect(pool.take('core')).toMatchObject({ kind: 'token' });
    expect(pool.status()[0]?.coolingUntilMs).toEqual({ search: 60_000 });
    clock.nowMs = 30_000;
    expect(pool.take('search')).toMatchObject({ kind: 'token', label: 'token-2' });
  });

  test('that is not there changes nothing', () => {
    const { pool } = poolOf();
    for (const label of ['token-0', 'token-4', 'ghp_aaa', '']) pool.ended(label, get, broken);
    expect(pool.tokenFailures).toEqual({ 'token-1': 0, 'token-2': 0, 'token-3': 0 });
  });
});

test.each([
  ['/repos/acme/shop', 'core'],
  ['/search/issues', 'search'],
  ['/search/code', 'code_search'],
  ['/search/codec', 'search'],
  ['/searches', 'core'],
  ['/graphql', 'graphql'],
  ['/rate_limit', 'core'],
])('%s counts against %s', (path, resource) => {
  expect(resourceOf(path)).toBe(resource);
});
