import { callerOf } from './caller.ts';
import type { RepositoryAddress } from './checkout.ts';
import type { Reports } from './step-writes.ts';

/** What there is of one draft. Anything but one of each is a fault. */
export type DraftFacts = {
  /** Pull requests from its branch, open or not. */
  readonly pulls: number;
  /** Those of them that are drafts. */
  readonly drafts: number;
  /** Branches whose name begins with its. */
  readonly branches: number;
  /** From its branch back to the base. */
  readonly commits: number;
  /** Of the branch's newest commit; null without a branch. */
  readonly headSha: string | null;
  readonly treeSha: string | null;
  /** By name, how many. */
  readonly checkRuns: Readonly<Record<string, number>>;
  /** How many comments the pull requests have. */
  readonly comments: number;
  /** By name, how often it is on the pull requests. */
  readonly labels: Readonly<Record<string, number>>;
};

type Pull = { readonly number: number; readonly draft: boolean };
type Ref = { readonly object: { readonly sha: string } };
type CommitItem = { readonly sha: string; readonly commit: { readonly tree: { readonly sha: string } } };
type CheckRuns = { readonly check_runs: readonly { readonly name: string }[] };

/** Looks at everything that a draft on this branch may have made, past any proxy. */
export async function draftFacts(address: RepositoryAddress, branch: string, baseSha: string): Promise<DraftFacts> {
  const call = callerOf(address);
  const [owner = ''] = address.repository.split('/');
  const search = new URLSearchParams({ head: `${owner}:${branch}`, state: 'all', per_page: '100' });
  const pulls = await call<readonly Pull[]>('GET', `pulls?${search}`);
  const refs = await call<readonly Ref[]>('GET', `git/matching-refs/heads/${branch}`);
  const headSha = refs[0]?.object.sha ?? null;
  const history =
    headSha === null ? [] : await call<readonly CommitItem[]>('GET', `commits?sha=${headSha}&per_page=100`);
  const checks =
    headSha === null
      ? { check_runs: [] }
      : await call<CheckRuns>('GET', `commits/${headSha}/check-runs?filter=all&per_page=100`);
  const issues = await Promise.all(
    pulls.map(async ({ number }) => ({
      comments: await call<readonly unknown[]>('GET', `issues/${number}/comments?per_page=100`),
      labels: await call<readonly { readonly name: string }[]>('GET', `issues/${number}/labels`),
    })),
  );
  return {
    pulls: pulls.length,
    drafts: pulls.filter(({ draft }) => draft).length,
    branches: refs.length,
    commits: history.findIndex(({ sha }) => sha === baseSha),
    headSha,
    treeSha: history[0]?.commit.tree.sha ?? null,
    checkRuns: counted(checks.check_runs.map(({ name }) => name)),
    comments: issues.flatMap(({ comments }) => comments).length,
    labels: counted(issues.flatMap(({ labels }) => labels.map(({ name }) => name))),
  };
}

/** What of a sample draft is not there once, or not what git makes of it; empty when all is well. */
export function faultsOf(facts: DraftFacts, treeSha: string, reports: Reports = 'runs'): readonly string[] {
  return [
    ...unless(1, facts.pulls, 'pull requests'),
    ...unless(1, facts.drafts, 'draft pull requests'),
    ...unless(1, facts.branches, 'branches'),
    ...unless(1, facts.commits, 'commits'),
    ...(facts.treeSha === treeSha ? [] : [`the tree is ${facts.treeSha}, git's is ${treeSha}`]),
    ...unless(reports === 'runs' ? 0 : 1, facts.comments, 'comments'),
    ...unlessOnce(reports === 'runs' ? 2 : 0, facts.checkRuns, 'check runs'),
    ...unlessOnce(2, facts.labels, 'labels'),
  ];
}

function unless(wanted: number, count: number, what: string): readonly string[] {
  return count === wanted ? [] : [`${count} ${what}`];
}

function unlessOnce(names: number, counts: Readonly<Record<string, number>>, what: string): readonly string[] {
  const isRight = Object.keys(counts).length === names && Object.values(counts).every((count) => count === 1);
  return isRight ? [] : [`${what}: ${JSON.stringify(counts)}`];
}

function counted(names: readonly string[]): Readonly<Record<string, number>> {
  const counts: Record<string, number> = {};
  for (const name of names) counts[name] = (counts[name] ?? 0) + 1;
  return counts;
}
