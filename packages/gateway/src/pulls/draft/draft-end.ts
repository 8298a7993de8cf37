import type { StepResult } from './target.ts';

export type Published = {
  readonly kind: 'published';
  /** Of the pull request; null where there is none, for a plain git remote. */
  readonly url: string | null;
  readonly number: number | null;
  readonly headSha: string;
  readonly treeSha: string;
  readonly branch: string;
  /** What could not be done beside it (labels, check runs, a comment), and why: a sentence each. Absent when there is nothing. */
  readonly leftOut?: readonly string[];
};

export type DraftEnd =
  | Published
  /** `message` names the way out. */
  | { readonly kind: 'failed'; readonly code: string; readonly message: string }
  | { readonly kind: 'cancelled' };

/** What all steps together came to. Undefined while there is no commit on a branch. */
export function publishedBy(steps: readonly { readonly result?: StepResult }[]): Published | undefined {
  const all: StepResult = Object.assign({}, ...steps.map(({ result }) => result));
  const { url = null, number = null, headSha, treeSha, branch } = all;
  if (typeof headSha !== 'string' || typeof treeSha !== 'string' || typeof branch !== 'string') return undefined;
  const leftOut = steps.map(({ result }) => result?.['leftOut']).filter((one) => typeof one === 'string');
  return {
    kind: 'published',
    url: typeof url === 'string' ? url : null,
    number: typeof number === 'number' ? number : null,
    headSha,
    treeSha,
    branch,
    ...(leftOut.length > 0 && { leftOut }),
  };
}
