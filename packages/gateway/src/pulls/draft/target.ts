import type { Json } from '@holdfast/protocol';
import type { Draft } from './draft.ts';

/** What a step of a publication came to, as JSON: what later steps need of it, such as `{ sha }`. */
export type StepResult = { readonly [name: string]: Json };

/** Of the steps before, by name. */
export type StepResults = Readonly<Record<string, StepResult>>;

/**
 * One write on the way to a draft pull request. The outbox notes that it is about to be sent, sends it, and notes what came of it; a step that
 * was about to be sent when the process died is looked for before it is sent.
 */
export type Step = {
  /** `base`, `blobs`, `tree`, `commit`, `branch`, `pull`, `labels`, `checks` … */
  readonly name: string;
  /** What an earlier attempt made, if it did. Absent for a step that may be sent twice without harm. */
  readonly find?: (done: StepResults, options: { signal: AbortSignal }) => Promise<StepResult | undefined>;
  readonly send: (done: StepResults, options: { signal: AbortSignal }) => Promise<StepResult>;
};

/** Where a project's drafts go: a repository on GitHub, or a plain git remote. */
export interface DraftTarget {
  /** The steps in their order; the same for the same draft. */
  stepsOf(draft: Draft): readonly Step[];
}
