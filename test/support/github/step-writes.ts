import type { FaultRule } from './fault.ts';

type Write = { readonly method: string; readonly path: string; readonly count: number };

/** What each step of a sample draft asks of GitHub that matters, and how often; `base` only reads. */
const writes = {
  base: { method: 'GET', path: 'compare/', count: 1 },
  blobs: { method: 'POST', path: 'git/blobs$', count: 2 },
  tree: { method: 'POST', path: 'git/trees$', count: 1 },
  commit: { method: 'POST', path: 'git/commits$', count: 1 },
  branch: { method: 'POST', path: 'git/refs$', count: 1 },
  pull: { method: 'POST', path: 'pulls$', count: 1 },
  labels: { method: 'POST', path: 'labels$', count: 1 },
  checks: { method: 'POST', path: 'check-runs$', count: 2 },
} as const satisfies Readonly<Record<string, Write>>;

export type StepName = keyof typeof writes;

/** The steps of a sample draft, in their order. */
export const stepNames: readonly StepName[] = Object.keys(writes) as StepName[];

/** How a draft tells of its checks: who is no GitHub App may not make check runs. */
export type Reports = 'runs' | 'comment';

const comment: Write = { method: 'POST', path: 'issues/\\d+/comments$', count: 1 };

/** One of the requests of a step, in this repository: the last, or any by chance. */
export function writeOf(
  step: StepName,
  repository: string,
  reports: Reports = 'runs',
  random: () => number = () => 0.999,
): FaultRule {
  const { method, path, count } = step === 'checks' && reports === 'comment' ? comment : writes[step];
  return { method, path: new RegExp(`^/repos/${repository}/.*${path}`), from: 1 + Math.floor(random() * count) };
}
