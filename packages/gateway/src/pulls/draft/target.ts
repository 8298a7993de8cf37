import type { Json } from '@holdfast/protocol';
import type { Draft } from './draft.ts';
import type { DraftPolicy } from './policy/policy.ts';

/** What a step of a publication came to, as JSON: what later steps need of it, such as `{ sha }`. */
export type StepResult = { readonly [name: string]: Json };

/** Of the steps before, by name. */
export type StepResults = Readonly<Record<string, StepResult>>;

export type StepOptions = {
  /** Aborts when the publication is no longer ours to carry on. */
  readonly signal: AbortSignal;
  /** What an earlier attempt at this step noted. */
  readonly noted?: StepResult;
  /** Keeps how far a step of many writes has come, in the place of what was noted before. */
  readonly note?: (progress: StepResult) => Promise<void>;
};

/**
 * One write on the way to a draft pull request. The outbox notes that it is about to be sent, sends it, and notes what came of it; a step that
 * was about to be sent when the process died is looked for before it is sent. A `HoldfastError` with `bad_message`, `conflict`, `forbidden` or
 * `not_found` says that trying again does not help; whatever else is thrown is tried again later. Results named `url`, `number`, `headSha`,
 * `treeSha` and `branch` are what a publication answers in the end, the latest of each, and `leftOut` of all steps.
 */
export type Step = {
  /** `base`, `blobs`, `tree`, `commit`, `branch`, `pull`, `labels`, `checks` … */
  readonly name: string;
  /** People see what it makes: from here on a draft cannot be cancelled. Without any such step that is the first. */
  readonly isVisible?: boolean;
  /** What an earlier attempt made, if it did. Absent for a step that may be sent twice without harm. */
  readonly find?: (done: StepResults, options: StepOptions) => Promise<StepResult | undefined>;
  readonly send: (done: StepResults, options: StepOptions) => Promise<StepResult>;
};

/** Where a project's drafts go: a repository on GitHub, or a plain git remote. */
export interface DraftTarget {
  /** The steps in their order; the same for the same draft. The policy is the one under which the draft was accepted. */
  stepsOf(draft: Draft, policy: DraftPolicy): readonly Step[];
}
