import { HoldfastError } from '@holdfast/protocol';
import type { DraftCommit } from '../commit.ts';
import type { Draft } from '../draft.ts';
import { wordsOf } from '../message.ts';
import {
  numberIn,
  orMissing,
  Refusal,
  sameAgain,
  textIn,
  type Answered,
  type Repository,
} from './repository.github.ts';
import { isOfDraft } from './steps-tree.github.ts';
import type { Step, StepResult, StepResults } from '../target.ts';

type Ref = Answered<'GET /repos/{owner}/{repo}/git/ref/{ref}'>;
type Pull = Answered<'GET /repos/{owner}/{repo}/pulls'>[number];

/** Makes the branch. One of that name that is not ours is never moved. */
export function branchStep(repository: Repository, branch: string, commit: DraftCommit): Step {
  const find = async (done: StepResults, signal: AbortSignal): Promise<Ref | undefined> => {
    const there = repository.named(done);
    const ref = await refOf(there, branch, signal);
    if (!ref || ref.object.sha === textIn(done, 'commit', 'headSha')) return ref;
    // Made by another attempt, whose commit was signed at another time.
    const theirs = await orMissing(
      there.ask(
        'GET /repos/{owner}/{repo}/git/commits/{commit_sha}',
        { commit_sha: ref.object.sha },
        { signal, doing: `look up the commit of ${branch}` },
      ),
      () => undefined,
    );
    if (theirs && isOfDraft(theirs.message, commit) && theirs.tree.sha === textIn(done, 'tree', 'treeSha')) return ref;
    throw new HoldfastError(
      'conflict',
      `There is a branch ${branch} already, at ${ref.object.sha}, which is not of this draft. Rename or delete it, then try again.`,
    );
  };
  const resultOf = (ref: Ref): StepResult => ({ branch, headSha: ref.object.sha });
  return {
    name: 'branch',
    isVisible: true,
    find: async (done, { signal }) => {
      const ref = await find(done, signal);
      return ref && resultOf(ref);
    },
    send: async (done, { signal }) => {
      const sha = textIn(done, 'commit', 'headSha');
      try {
        return resultOf(
          await repository
            .named(done)
            .ask(
              'POST /repos/{owner}/{repo}/git/refs',
              { ref: `refs/heads/${branch}`, sha },
              { signal, lookUp: () => find(done, signal), doing: `make the branch ${branch}` },
            ),
        );
      } catch (error) {
        if (!isRefusedFor(error, /already exists/i)) throw error;
        const ref = await find(done, signal);
        if (ref) return resultOf(ref);
        throw new HoldfastError('unavailable', `The branch ${branch} is there and is not.`, { cause: error });
      }
    },
  };
}

/** Opens the pull request, always as a draft. One that a person closed, merged or made ready meanwhile is the same one. */
export function pullStep(repository: Repository, draft: Draft): Step {
  const marker = `<!-- holdfast:draft ${draft.draftId} -->`;
  const find = async (done: StepResults, signal: AbortSignal): Promise<Pull | undefined> => {
    const there = repository.named(done);
    const base = textIn(done, 'base', 'baseBranch');
    const pulls = await there.ask(
      'GET /repos/{owner}/{repo}/pulls',
      { head: `${there.owner}:${textIn(done, 'branch', 'branch')}`, state: 'all', per_page: 100 },
      { signal, doing: 'look up the pull requests of the branch' },
    );
    // The branch may have its name in a fork of the same owner too.
    const ours = pulls.filter((pull) => pull.head.repo?.id === pull.base.repo.id);
    // Not by base: a person may have given it another one. Without our mark, one that is open stands in the way of ours.
    return (
      ours.find(({ body }) => body?.includes(marker)) ??
      ours.find((pull) => pull.state === 'open' && pull.base.ref === base)
    );
  };
  return {
    name: 'pull',
    isVisible: true,
    find: async (done, { signal }) => {
      const pull = await find(done, signal);
      return pull && pullResult(pull);
    },
    send: async (done, { signal }) => {
      const there = repository.named(done);
      const branch = textIn(done, 'branch', 'branch');
      const { title, body } = wordsOf(draft);
      await mustStand(there, branch, textIn(done, 'branch', 'headSha'), signal);
      try {
        return pullResult(
          await there.ask(
            'POST /repos/{owner}/{repo}/pulls',
            {
              title,
              body: `${body.trimEnd()}\n\n${marker}`.replace(/^\s*\n/, ''),
              head: branch,
              base: textIn(done, 'base', 'baseBranch'),
              draft: true,
            },
            {
              signal,
              // What a list tells of one is what an answer is read for here.
              lookUp: async () =>
                (await find(done, signal)) as Answered<'POST /repos/{owner}/{repo}/pulls'> | undefined,
              doing: 'open the pull request',
            },
          ),
        );
      } catch (error) {
        if (isRefusedFor(error, /draft pull requests are not supported/i)) throw noDrafts(there, error);
        const pull = isRefusedFor(error, /already exists/i) ? await find(done, signal) : undefined;
        if (!pull) throw error;
        return pullResult(pull);
      }
    },
  };
}

/** Puts the policy's labels on. A token that may not do this is noted; the draft is there without them. */
export function labelsStep(repository: Repository, labels: readonly string[]): Step {
  return {
    name: 'labels',
    isVisible: true,
    find: async (done, { signal }) => {
      const there = await repository
        .named(done)
        .ask(
          'GET /repos/{owner}/{repo}/issues/{issue_number}/labels',
          { issue_number: numberIn(done, 'pull', 'number'), per_page: 100 },
          { signal, doing: 'look up the labels' },
        );
      const names = new Set(there.map(({ name }) => name.toLowerCase()));
      return labels.every((label) => names.has(label.toLowerCase())) ? { labels } : undefined;
    },
    send: async (done, { signal }) => {
      try {
        await repository
          .named(done)
          .ask(
            'POST /repos/{owner}/{repo}/issues/{issue_number}/labels',
            { issue_number: numberIn(done, 'pull', 'number'), labels: [...labels] },
            { signal, lookUp: sameAgain, doing: 'put the labels on' },
          );
        return { labels };
      } catch (error) {
        if (!(error instanceof Refusal) || ![403, 404, 410, 422].includes(error.status)) throw error;
        return { labels: [], leftOut: `The labels are left out: ${error.sentence}` };
      }
    },
  };
}

async function refOf(there: Repository, branch: string, signal: AbortSignal): Promise<Ref | undefined> {
  return orMissing(
    there.ask(
      'GET /repos/{owner}/{repo}/git/ref/{ref}',
      { ref: `heads/${branch}` },
      { signal, doing: `look up ${branch}` },
    ),
    () => undefined,
  );
}

/** GitHub's refusal would not say which of the two it is. */
async function mustStand(there: Repository, branch: string, headSha: string, signal: AbortSignal): Promise<void> {
  const ref = await refOf(there, branch, signal);
  if (ref?.object.sha === headSha) return;
  throw new HoldfastError(
    'conflict',
    ref
      ? `The branch ${branch} was moved to ${ref.object.sha} before its pull request was opened. Delete it or move it back, then try again.`
      : `The branch ${branch} was deleted before its pull request was opened. Try again to have both made.`,
  );
}

function pullResult({
  html_url,
  number,
  state,
  draft,
}: Pick<Pull, 'html_url' | 'number' | 'state' | 'draft'>): StepResult {
  return { url: html_url, number, state, isDraft: draft === true };
}

function noDrafts({ owner, repo }: Repository, cause: unknown): HoldfastError {
  return new HoldfastError(
    'forbidden',
    `${owner}/${repo} does not support draft pull requests (private repositories need GitHub Team or Enterprise), and nothing else is ever opened. The branch is there; change the plan or make the repository public, then try again.`,
    { cause },
  );
}

function isRefusedFor(error: unknown, words: RegExp): boolean {
  return error instanceof Refusal && error.status === 422 && words.test(error.said);
}
