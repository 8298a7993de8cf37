import { killDrafts, killMoments, type KilledDraft, type PlannedKill } from '../../test/support/github/draft-kills.ts';
import { DraftScene } from '../../test/support/github/draft-scene.ts';
import { stepNames, type StepName } from '../../test/support/github/step-writes.ts';
import { randomFrom } from '../../test/support/random.ts';
import { table } from '../table.ts';

export type DraftKillOptions = { readonly kills: number; readonly seed: number };

/** Drafts that one process publishes side by side until it is killed. */
const atOnce = 32;
/** `emulate` looks through all that a repository has for everything, so a scene is not used for ever. */
const roundsPerScene = 4;

/**
 * Kills a gateway so often in each gap between two steps of a draft, and after the last, at a moment of the gap that the seed chooses; then lets
 * another one carry on, which is killed too. Rejects when anything is there twice, or not at all.
 */
export async function draftKills({ kills, seed }: DraftKillOptions): Promise<string> {
  const random = randomFrom(seed);
  const planned = Array.from({ length: kills }, (_, round) =>
    stepNames.map((step): PlannedKill => ({
      step,
      moment: killMoments[Math.floor(random() * killMoments.length)] ?? 'held',
      reports: round % 2 === 0 ? 'runs' : 'comment',
    })),
  ).flat();
  const killed: KilledDraft[] = [];
  for (let from = 0; from < planned.length; from += atOnce * roundsPerScene) {
    await using scene = await DraftScene.open(atOnce);
    const end = Math.min(planned.length, from + atOnce * roundsPerScene);
    for (let at = from; at < end; at += atOnce) {
      killed.push(...(await killDrafts(scene, planned.slice(at, Math.min(end, at + atOnce)), random)));
    }
  }
  const head = ['killed', 'kills', 'GitHub’s answer held back', 'pull requests', 'drafts', 'branches', 'commits'];
  const rows = [...stepNames, undefined].map((step) => rowOf(step, killed));
  const text = table([...head, 'check runs', 'comments', 'faults'], rows);
  const faults = killed.flatMap((one) => one.faults);
  if (faults.length > 0) throw new Error(`seed ${seed}\n${text}\n${faults.slice(0, 20).join('\n')}`);
  return `seed ${seed} (--seed ${seed} makes the same choices again)\n\n${text}`;
}

function rowOf(step: StepName | undefined, all: readonly KilledDraft[]): readonly string[] {
  const drafts = all.filter((draft) => step === undefined || draft.step === step);
  const sum = (count: (draft: KilledDraft) => number): string =>
    drafts.reduce((total, draft) => total + count(draft), 0).toLocaleString('en');
  const next = step && stepNames[stepNames.indexOf(step) + 1];
  return [
    step === undefined ? 'all' : `${step} → ${next ?? 'end'}`,
    sum(() => 1),
    sum(({ moment }) => (moment === 'held' ? 1 : 0)),
    sum(({ facts }) => facts.pulls),
    sum(({ facts }) => facts.drafts),
    sum(({ facts }) => facts.branches),
    sum(({ facts }) => facts.commits),
    sum(({ facts }) => Object.values(facts.checkRuns).reduce((total, count) => total + count, 0)),
    sum(({ facts }) => facts.comments),
    sum(({ faults }) => faults.length),
  ];
}
