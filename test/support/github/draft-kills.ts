import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { until } from '../until.ts';
import { draftFacts, faultsOf, type DraftFacts } from './draft-facts.ts';
import type { DraftScene } from './draft-scene.ts';
import { DraftWriter } from './draft-writer.ts';
import type { WriterOrders } from './draft-writer.process.ts';
import type { OutboxMoment } from './gated-entries.ts';
import { quickClock } from './quick-clock.ts';
import { sampleChange, sampleDraft, samplePolicy } from './sample-draft.ts';
import { stepNames, writeOf, type Reports, type StepName } from './step-writes.ts';

/**
 * When, between two steps. `held`: GitHub has done it and nobody was told; `unnoted`: its answer came and is not in the store; `noted`: it is in
 * the store; `begun`: the next step is noted as being sent, and nothing was sent.
 */
export const killMoments = ['held', 'unnoted', 'noted', 'begun'] as const;
export type KillMoment = (typeof killMoments)[number];

/** A draft whose process is killed after this step of it. */
export type PlannedKill = { readonly step: StepName; readonly moment: KillMoment; readonly reports: Reports };

export type KilledDraft = PlannedKill & {
  readonly facts: DraftFacts;
  /** Sentences; empty when there is one of everything. */
  readonly faults: readonly string[];
};

/**
 * Publishes a draft for each kill, all in one process; kills it when each draft stands at its moment, and the process that carries them on once more
 * at a random moment; then lets one more finish. Gives what there is of each draft then.
 */
export async function killDrafts(
  scene: DraftScene,
  kills: readonly PlannedKill[],
  random: () => number,
): Promise<readonly KilledDraft[]> {
  const { proxy, checkout } = scene;
  const folder = await mkdtemp(join(tmpdir(), 'hf-kills-'));
  const planned = kills.map((kill, index) => ({ ...kill, number: scene.nextNumber(), ...scene.projectAt(index) }));
  const ids = planned.map(({ number }) => sampleDraft(number, checkout.baseSha).draftId);
  const base: Omit<WriterOrders, 'owner' | 'publish' | 'stopAt'> = {
    url: proxy.url,
    tokens: [scene.emulate.freshToken()],
    storePath: join(folder, 'gateway.db'),
    projects: planned.map(({ projectId, repository }) => ({ projectId, repository })),
    clock: quickClock(30),
  };
  const ended = new Set<string>();
  try {
    for (const { repository, reports } of planned) {
      if (reports === 'runs') continue;
      proxy.inject({ ...writeOf('checks', repository), from: 1, times: Infinity }, { kind: 'forbidden' });
    }
    const held = planned.flatMap(({ step, moment, reports, repository }) =>
      moment === 'held' ? [proxy.hold(writeOf(step, repository, reports, random))] : [],
    );
    const stopAt = planned.flatMap((kill, index) => stopOf(kill, ids[index] ?? ''));
    const publish = planned.map(({ number, projectId }) => ({ number, projectId, baseSha: checkout.baseSha }));
    await using first = new DraftWriter({ ...base, owner: 'first', publish, stopAt });
    await first.standsAt(stopAt.length);
    await within(Promise.all(held), 'answers to be held').catch((error: unknown) => {
      throw new Error(first.errors, { cause: error });
    });
    await first.kill();

    // The same name goes on once nothing of the first can arrive; another has to wait until the claims are over.
    await using second = new DraftWriter({
      ...base,
      owner: random() < 0.5 ? 'first' : 'second',
      publish: [],
      stopAt: [],
    });
    const before = proxy.log.length;
    await until('somebody to carry on', () => proxy.log.length > before || second.said.length > 0);
    await pause(random() * 400);
    await second.kill();

    await using third = new DraftWriter({ ...base, owner: 'third', publish: [], stopAt: [] });
    await until(
      'all drafts to end',
      () => {
        for (const said of [...second.said, ...third.said]) if (said.kind === 'ended') ended.add(said.draftId);
        return ended.size === ids.length;
      },
      90_000,
    ).catch((error: unknown) => {
      throw new Error(`${ended.size} of ${ids.length} ended; ${third.errors}`, { cause: error });
    });
    await third.kill();
    proxy.clear();
    return await Promise.all(planned.map((kill) => looked(scene, kill)));
  } finally {
    proxy.clear();
    await rm(folder, { recursive: true });
  }
}

async function looked(
  scene: DraftScene,
  { step, moment, reports, number, repository }: PlannedKill & { readonly number: number; readonly repository: string },
): Promise<KilledDraft> {
  const { checkout, emulate } = scene;
  const { draftId } = sampleDraft(number, checkout.baseSha);
  const address = { url: emulate.url, token: emulate.freshToken(), repository };
  const facts = await draftFacts(address, samplePolicy.branchPrefix + draftId, checkout.baseSha);
  const treeSha = await checkout.treeOf(sampleChange(checkout.baseSha, number));
  return {
    step,
    moment,
    reports,
    facts,
    faults: faultsOf(facts, treeSha, reports).map((fault) => `${draftId}, ${moment} ${step}: ${fault}`),
  };
}

function stopOf({ step, moment }: PlannedKill, draftId: string): WriterOrders['stopAt'] {
  const next = stepNames[stepNames.indexOf(step) + 1];
  const stop = (at: Omit<OutboxMoment, 'draftId'>): WriterOrders['stopAt'] => [{ draftId, ...at, how: 'wait' }];
  switch (moment) {
    case 'held':
      return [];
    case 'unnoted':
      return stop({ step, phase: 'done', when: 'before' });
    case 'noted':
      return stop({ step, phase: 'done', when: 'after' });
    case 'begun':
      // After the last step there is only its end.
      return stop(
        next === undefined
          ? { step: 'end', phase: 'done', when: 'after' }
          : { step: next, phase: 'sending', when: 'after' },
      );
  }
}

async function within<Result>(promise: Promise<Result>, what: string): Promise<Result> {
  const { promise: late, reject } = Promise.withResolvers<never>();
  const timer = setTimeout(() => reject(new Error(`waited in vain for ${what}`)), 30_000);
  return Promise.race([promise, late]).finally(() => clearTimeout(timer));
}
