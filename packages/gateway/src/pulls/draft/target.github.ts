import type { GitHub } from '../client/github.ts';
import { reportsOf } from './github/check-report.ts';
import { systemClock, type Clock } from './clock.ts';
import { branchOf, commitOf } from './commit.ts';
import type { Draft } from './draft.ts';
import type { DraftPolicy } from './policy/policy.ts';
import { Repository } from './github/repository.github.ts';
import { baseStep } from './github/steps-base.github.ts';
import { checksStep } from './github/steps-checks.github.ts';
import { branchStep, labelsStep, pullStep } from './github/steps-pull.github.ts';
import { blobsStep, commitStep, treeStep } from './github/steps-tree.github.ts';
import type { DraftTarget, Step } from './target.ts';

export type GitHubTargetParts = {
  readonly github: GitHub;
  readonly owner: string;
  readonly repo: string;
  /** Default: the machine's. */
  readonly clock?: Clock;
};

/** A repository on GitHub, to which drafts go through its Git Data API: nothing is seen of one before its branch is made. */
export class GitHubTarget implements DraftTarget {
  readonly #repository: Repository;
  readonly #clock: Clock;

  constructor({ github, owner, repo, clock = systemClock }: GitHubTargetParts) {
    this.#repository = new Repository(github, owner, repo);
    this.#clock = clock;
  }

  stepsOf(draft: Draft, policy: DraftPolicy): readonly Step[] {
    const repository = this.#repository;
    const { changeSet, checks } = draft;
    const commit = commitOf(draft, policy);
    return [
      baseStep(repository, changeSet, policy),
      blobsStep(repository, changeSet),
      treeStep(repository, changeSet),
      commitStep(repository, commit),
      branchStep(repository, branchOf(draft, policy), commit),
      pullStep(repository, draft),
      ...(policy.labels.length > 0 ? [labelsStep(repository, policy.labels)] : []),
      ...(checks && reportsOf(checks).length > 0 ? [checksStep(repository, draft, checks, this.#clock)] : []),
    ];
  }
}
