import { callerOf } from './caller.ts';
import type { RepositoryAddress } from './checkout.ts';

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
  /** By name, how often one was put on; a label that is there without having been put on is 0. */
  readonly labels: Readonly<Record<string, number>>;
};

type Pull = { readonly number: number; readonly draft: boolean };
type Ref = { readonly object: { readonly sha: string } };
type CommitItem = { readonly sha: string; readonly commit: { readonly tree: { readonly sha: string } } };
type CheckRuns = { readonly check_runs: readonly { readonly name: string }[] };
type IssueEvent = { readonly event: string; readonly label?: { readonly name: string } };

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
      events: await call<readonly IssueEvent[]>('GET', `issues/${number}/events?per_page=100`),
    })),
  );
  const labelled = issues.flatMap(({ events }) => events.filter(({ event }) => event === 'labeled'));
  return {
    pulls: pulls.length,
    drafts: pulls.filter(({ draft }) => draft).length,
    branches: refs.length,
    commits: history.findIndex(({ sha }) => sha === baseSha),
    headSha,
    treeSha: history[0]?.commit.tree.sha ?? null,
    checkRuns: counted(checks.check_runs.map(({ name }) => name)),
    comments: issues.flatMap(({ comments }) => comments).length,
    labels: {
      ...Object.fromEntries(issues.flatMap(({ labels }) => labels.map(({ name }) => [name, 0]))),
      ...counted(labelled.map(({ label }) => label?.name ?? '')),
    },
  };
}

function counted(names: readonly string[]): Readonly<Record<string, number>> {
  const counts: Record<string, number> = {};
  for (const name of names) counts[name] = (counts[name] ?? 0) + 1;
  return counts;
}
