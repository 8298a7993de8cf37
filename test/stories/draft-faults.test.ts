import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { MemoryEntries } from '../../packages/gateway/src/conversations/entries.memory.ts';
import type { Clock } from '../../packages/gateway/src/pulls/draft/clock.ts';
import type { DraftEnd } from '../../packages/gateway/src/pulls/draft/draft-end.ts';
import { branchOf } from '../../packages/gateway/src/pulls/draft/commit.ts';
import { draftFacts, faultsOf } from '../support/github/draft-facts.ts';
import { DraftScene } from '../support/github/draft-scene.ts';
import { draftsOnGitHub } from '../support/github/drafts-on-github.ts';
import type { Fault } from '../support/github/fault.ts';
import { clockOf, quickClock } from '../support/github/quick-clock.ts';
import { silent } from '../support/github/loggers.ts';
import { sampleDraft, samplePolicy } from '../support/github/sample-draft.ts';
import { stepNames, writeOf, type StepName } from '../support/github/step-writes.ts';
import { randomFrom, seed } from '../support/random.ts';

const faults: readonly (readonly [name: string, fault: Fault])[] = [
  ['a bad gateway before it took effect', { kind: 'server_error', status: 502, when: 'before' }],
  ['an error after it took effect', { kind: 'server_error', status: 500, when: 'after' }],
  ['a connection that is cut before', { kind: 'cut', when: 'before' }],
  ['a connection that is cut after', { kind: 'cut', when: 'after' }],
  ['an answer of which half comes', { kind: 'truncated_body' }],
  ['an answer that takes its time', { kind: 'slow_body', ms: 300 }],
  ['the page of a proxy', { kind: 'html_page', status: 503 }],
  ['a token that is refused', { kind: 'unauthorized' }],
];

const limits: readonly (readonly [name: string, fault: Fault])[] = [
  ['the hour (403)', { kind: 'primary_limit', status: 403, seconds: 2 }],
  ['the hour (429)', { kind: 'primary_limit', status: 429, seconds: 2 }],
  ['a secondary limit (403)', { kind: 'secondary_limit', status: 403, seconds: 2 }],
  ['a secondary limit (429)', { kind: 'secondary_limit', status: 429, seconds: 2 }],
];

const silentLimits: readonly (readonly [name: string, fault: Fault])[] = [
  ['the hour, of which no header tells', { kind: 'primary_limit', status: 403, seconds: 60, isSilent: true }],
  ['a secondary limit without retry-after', { kind: 'secondary_limit', status: 429, seconds: 60, isSilent: true }],
];

let scene: DraftScene;
beforeAll(async () => {
  scene = await DraftScene.open(stepNames.length);
});
afterEach(() => scene.proxy.clear());
afterAll(() => scene[Symbol.asyncDispose]());

describe('a draft pull request', () => {
  test.each(faults)('is there once after %s, at whichever step', async (_name, fault) => {
    const drafts = await Promise.all(stepNames.map((step, index) => published(newDraft(index), step, fault)));
    expect(drafts.flat()).toEqual([]);
  });

  test.each(limits)('waits for the end of %s, and nothing is sent until then', async (_name, fault) => {
    const before = scene.proxy.log.length;
    const drafts = await Promise.all(stepNames.map((step, index) => published(newDraft(index), step, fault)));
    expect(drafts.flat()).toEqual([]);
    const sent = scene.proxy.log.slice(before);
    expect(sent.filter(({ fault: kind }) => kind === fault.kind)).toHaveLength(stepNames.length);
    expect(sent.filter(({ whileLimited }) => whileLimited)).toEqual([]);
  });

  test.each(silentLimits)('is put off for a minute by %s, and goes on where it was', async (_name, fault) => {
    const before = scene.proxy.log.length;
    const begun = stepNames.map((step, index) => ({ ...newDraft(index), step, entries: new MemoryEntries() }));
    await Promise.all(
      begun.map(async ({ draft, place, step, entries }) => {
        scene.proxy.inject(writeOf(step, place.repository), fault);
        const drafts = gateway(place.projectId, 1, { entries, owner: 'first' });
        await drafts.request(draft);
        const state = await drafts.publish(draft.draftId);
        expect(state).toMatchObject({ kind: 'open', step, isRunning: false });
        expect(state.kind === 'open' && state.nextAttemptAt - Date.now()).toBeGreaterThan(45_000);
      }),
    );
    expect(scene.proxy.log.slice(before).filter(({ whileLimited }) => whileLimited)).toEqual([]);
    scene.proxy.clear();
    // Two minutes later, in another process: nothing of the first one's memory is there.
    const later: Clock = { ...clockOf({ originMs: Date.now(), speed: 1 }), now: () => Date.now() + 120_000 };
    const ends = await Promise.all(
      begun.map(({ draft, place, entries }) =>
        gateway(place.projectId, 1, { entries, owner: 'second', clock: later }).publish(draft.draftId),
      ),
    );
    expect(ends.map(({ kind }) => kind)).toEqual(stepNames.map(() => 'published'));
    expect((await Promise.all(begun.map((one) => faultsIn(one)))).flat()).toEqual([]);
  });

  test('is not opened at all where only ready ones could be', async () => {
    const begun = newDraft(0);
    scene.proxy.inject(writeOf('pull', begun.place.repository), {
      kind: 'unprocessable',
      message: 'Draft pull requests are not supported in this repository.',
    });
    const drafts = gateway(begun.place.projectId, 1, { entries: new MemoryEntries(), owner: 'first' });
    await drafts.request(begun.draft);
    expect(await drafts.publish(begun.draft.draftId)).toMatchObject({ kind: 'failed', code: 'forbidden' });
    expect(await factsIn(begun)).toMatchObject({ pulls: 0, branches: 1 });
    // And there when somebody has mended that.
    await drafts.retry(begun.draft.draftId);
    expect(await drafts.publish(begun.draft.draftId)).toMatchObject({ kind: 'published' });
    expect(await faultsIn(begun)).toEqual([]);
  });

  test('is the one that is there when GitHub says that there is one', async () => {
    const begun = newDraft(0);
    // Nobody hears that it is there, and the list does not show it yet, so it is asked for again.
    scene.proxy.inject({ ...writeOf('pull', begun.place.repository), times: 1 }, { kind: 'cut', when: 'after' });
    scene.proxy.inject({ method: 'GET', path: /\/pulls\?/, times: 1 }, { kind: 'empty_list' });
    const before = scene.proxy.log.length;
    expect(await published(begun, undefined)).toEqual([]);
    expect(
      scene.proxy.log
        .slice(before)
        .filter(({ method, status, path }) => method === 'POST' && status === 422 && path.endsWith('/pulls')),
    ).toHaveLength(1);
  });

  test(`survives a day on which much goes wrong (seed ${seed})`, async () => {
    const random = randomFrom(seed);
    // But no token is refused: who has lost all has to wait for an hour.
    const kinds = [
      ...faults.slice(0, -1),
      ...limits.map(([name, fault]) => [name, { ...fault, seconds: 1 } as Fault] as const),
    ];
    for (let count = 0; count < 60; count++) {
      const [, fault = { kind: 'truncated_body' }] = kinds[Math.floor(random() * kinds.length)] ?? [];
      const method = random() < 0.5 ? 'GET' : 'POST';
      scene.proxy.inject({ method, path: /./, from: 1 + Math.floor(random() * 120) }, fault);
    }
    const before = scene.proxy.log.length;
    const drafts = await Promise.all(
      Array.from({ length: 2 * stepNames.length }, (_, index) => published(newDraft(index), undefined)),
    );
    expect(drafts.flat()).toEqual([]);
    expect(scene.proxy.log.slice(before).filter(({ whileLimited }) => whileLimited)).toEqual([]);
  });
});

type Begun = ReturnType<typeof newDraft>;

function newDraft(index: number) {
  const place = scene.projectAt(index);
  return { place, draft: sampleDraft(scene.nextNumber(), scene.checkout.baseSha, place.projectId) };
}

/** Publishes it while a request of a step goes wrong; gives what is not there once then. */
async function published(begun: Begun, step: StepName | undefined, fault?: Fault): Promise<readonly string[]> {
  const { draft, place } = begun;
  if (step && fault) scene.proxy.inject(writeOf(step, place.repository), fault);
  const { promise: ended, resolve } = Promise.withResolvers<DraftEnd>();
  const clock = clockOf(quickClock(30));
  const entries = new MemoryEntries(clock.now);
  const drafts = gateway(place.projectId, fault?.kind === 'unauthorized' ? 2 : 1, {
    entries,
    owner: 'first',
    clock,
    onFinished: ({ end }) => resolve(end),
  });
  await drafts.request(draft);
  drafts.start();
  const end = await ended;
  await drafts.stop();
  const about = `${step ?? 'any step'}, ${fault?.kind ?? 'any fault'}`;
  if (end.kind !== 'published') return [`${about}: ${JSON.stringify(end)}`];
  return (await faultsIn(begun)).map((what) => `${about}: ${what}`);
}

/** With tokens that nobody else has. With one, there is nothing to do during a limit but to wait. */
function gateway(
  projectId: string,
  tokenCount: 1 | 2,
  parts: Pick<Parameters<typeof draftsOnGitHub>[0], 'entries' | 'owner' | 'clock' | 'onFinished'>,
) {
  const { emulate, proxy } = scene;
  const tokens = Array.from({ length: tokenCount }, () => emulate.freshToken());
  const projects = [{ projectId, repository: `acme/${projectId}` }];
  return draftsOnGitHub({
    ...parts,
    log: silent,
    url: proxy.url,
    tokens,
    projects,
  });
}

async function faultsIn(begun: Begun): Promise<readonly string[]> {
  return faultsOf(await factsIn(begun), await scene.checkout.treeOf(begun.draft.changeSet));
}

function factsIn({ draft, place }: Begun) {
  const { checkout, emulate } = scene;
  const address = { url: emulate.url, token: emulate.freshToken(), repository: place.repository };
  return draftFacts(address, branchOf(draft, samplePolicy), checkout.baseSha);
}
