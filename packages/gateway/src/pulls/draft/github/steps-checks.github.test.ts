import type { CheckProblem } from '@holdfast/protocol';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { sampleChecks } from '../../../../../../test/support/github/sample-draft.ts';
import { systemClock, type Clock } from '../clock.ts';
import type { Draft } from '../draft.ts';
import { GitHubScene } from '../testing/github-scene.ts';

let scene: GitHubScene;

beforeAll(async () => {
  scene = await GitHubScene.start();
});

afterEach(() => scene.proxy.clear());

afterAll(() => scene[Symbol.asyncDispose]());

/** A draft whose lint found so many problems. */
function draftWith(count: number): Draft {
  const problems = Array.from({ length: count }, (_, index): CheckProblem => ({
    file: 'src/price.ts',
    line: index + 1,
    column: null,
    severity: 'warning',
    message: `problem ${index + 1}`,
  }));
  const { lint } = sampleChecks;
  return scene.newDraft({ checks: { ...sampleChecks, lint: lint && { ...lint, problems } } });
}

describe('what the checks came to', () => {
  test('stands in check runs, 50 annotations a request, however many there are', async () => {
    const draft = draftWith(120);
    const before = scene.proxy.log.length;
    const drafts = scene.gateway();
    await drafts.request(draft);
    expect(await drafts.publish(draft.draftId)).toMatchObject({ kind: 'published' });
    const sent = scene.proxy.log.slice(before).filter(({ path }) => path.includes('/check-runs'));
    expect(sent.filter(({ method }) => method !== 'GET').map(({ method }) => method)).toEqual([
      'POST',
      'PATCH',
      'PATCH',
      'POST',
    ]);
    expect(await scene.facts(draft)).toMatchObject({
      checkRuns: { 'holdfast / lint': 1, 'holdfast / test': 1 },
      comments: 0,
    });
  });

  test('goes on after the annotations that are there already', async () => {
    const draft = draftWith(120);
    const drafts = scene.gateway();
    await drafts.request(draft);
    scene.proxy.inject(
      { method: 'PATCH', path: /check-runs/, times: 99 },
      { kind: 'server_error', status: 503, when: 'before' },
    );
    expect(await drafts.publish(draft.draftId)).toMatchObject({ kind: 'open', step: 'checks' });
    scene.proxy.clear();
    const before = scene.proxy.log.length;
    await drafts.retry(draft.draftId);
    expect(await drafts.publish(draft.draftId)).toMatchObject({ kind: 'published' });
    const sent = scene.proxy.log
      .slice(before)
      .filter(({ path, method }) => method !== 'GET' && path.includes('/check-runs'));
    expect(sent.map(({ method }) => method)).toEqual(['PATCH', 'PATCH', 'POST']);
    expect(await scene.facts(draft)).toMatchObject({ checkRuns: { 'holdfast / lint': 1, 'holdfast / test': 1 } });
  });

  test('stands in one comment where only an app may make check runs, also when it was killed over it', async () => {
    const draft = draftWith(3);
    scene.proxy.inject({ method: 'POST', path: /check-runs$/, times: 99 }, { kind: 'forbidden' });
    const held = scene.proxy.hold({ method: 'POST', path: /\/comments$/ });
    const drafts = scene.gateway();
    await drafts.request(draft);
    const death = new AbortController();
    const dying = drafts.publish(draft.draftId, { signal: death.signal });
    await Promise.race([held, dying]);
    death.abort(new Error('killed'));
    await expect(dying).rejects.toThrow('killed');
    scene.settle();
    const state = await drafts.publish(draft.draftId);
    expect(await scene.facts(draft)).toMatchObject({ pulls: 1, comments: 1, checkRuns: {} });
    const number = state.kind === 'published' ? state.number : undefined;
    const [comment] = await scene.call<readonly { body: string }[]>('GET', `issues/${number}/comments`);
    expect(comment?.body).toContain('| lint | failure | failed: 1 errors, 1 warnings |');
    expect(comment?.body).toContain('src/price.ts:2 problem 2');
    expect(comment?.body).toContain(`<!-- holdfast:checks ${draft.draftId} -->`);
  });

  test.each([
    ['a check run', { method: 'POST', path: /check-runs$/ }, 2],
    ['annotations', { method: 'PATCH', path: /check-runs/ }, 1],
    ['the comment', { method: 'POST', path: /\/comments$/ }, 1],
  ] as const)(
    'stands there once when GitHub does not answer for %s and does it after it was looked for',
    async (what, rule, sent) => {
      const draft = draftWith(60);
      const isComment = what === 'the comment';
      if (isComment) {
        scene.proxy.inject({ method: 'POST', path: /check-runs$/, times: 99 }, { kind: 'forbidden' });
      }
      const before = scene.proxy.log.length;
      const { promise: until, resolve: letGo } = Promise.withResolvers<void>();
      const { hit: isDone } = scene.proxy.inject(rule, { kind: 'late_effect', until });
      const settling: Clock = {
        ...systemClock,
        setTimeout: (run) => {
          letGo();
          void isDone.then(run);
        },
      };
      const drafts = scene.gateway({ settling });
      await drafts.request(draft);
      expect(await drafts.publish(draft.draftId)).toMatchObject({ kind: 'published' });
      expect(await scene.facts(draft)).toMatchObject(
        isComment
          ? { comments: 1, checkRuns: {} }
          : { comments: 0, checkRuns: { 'holdfast / lint': 1, 'holdfast / test': 1 } },
      );
      const { method, path } = rule;
      const such = scene.proxy.log.slice(before).filter((one) => one.method === method && path.test(one.path));
      expect(such).toHaveLength(sent);
    },
  );

  test.each([
    ['the first', { method: 'POST', path: /check-runs$/, times: 99 }, {}],
    ['the annotations of one', { method: 'PATCH', path: /check-runs/, times: 99 }, { 'holdfast / lint': 1 }],
  ] as const)(
    'stands in a comment where GitHub does not take %s as it is, and the draft says so: it is not failed by it',
    async (_what, rule, checkRuns) => {
      const draft = draftWith(60);
      scene.proxy.inject(rule, { kind: 'unprocessable', message: 'Invalid request.' });
      const drafts = scene.gateway();
      await drafts.request(draft);
      expect(await drafts.publish(draft.draftId)).toMatchObject({
        kind: 'published',
        leftOut: [expect.stringMatching(/comment.*check lint in acme\/shop \(422\).*Invalid request/)],
      });
      expect(await scene.facts(draft)).toMatchObject({ pulls: 1, comments: 1, checkRuns });
    },
  );

  test('is published without a comment that GitHub does not take, and without labels, and the draft says so', async () => {
    const draft = draftWith(1);
    scene.proxy.inject(
      { method: 'POST', path: /(check-runs|comments|labels)$/, times: 99 },
      { kind: 'unprocessable', message: 'Invalid request.' },
    );
    const drafts = scene.gateway();
    await drafts.request(draft);
    expect(await drafts.publish(draft.draftId)).toMatchObject({
      kind: 'published',
      leftOut: [expect.stringContaining('labels'), expect.stringContaining('checks')],
    });
  });

  test('is left out where not even that is allowed, and so are labels: the draft is there all the same', async () => {
    const draft = draftWith(1);
    scene.proxy.inject({ method: 'POST', path: /(check-runs|comments|labels)$/, times: 99 }, { kind: 'forbidden' });
    const drafts = scene.gateway();
    await drafts.request(draft);
    expect(await drafts.publish(draft.draftId)).toMatchObject({ kind: 'published' });
    expect(await scene.facts(draft)).toMatchObject({ pulls: 1, drafts: 1, comments: 0, checkRuns: {}, labels: {} });
  });
});
