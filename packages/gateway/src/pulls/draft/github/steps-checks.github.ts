import type { CheckRun } from '@holdfast/protocol';
import { maxAnnotationsAtOnce, reportsOf, tableOf, type CheckReport } from './check-report.ts';
import type { Clock } from '../clock.ts';
import type { Draft } from '../draft.ts';
import { lookUntilSettled } from './look-until-settled.ts';
import { numberIn, Refusal, textIn, type Answered, type Repository } from './repository.github.ts';
import type { Step, StepResult, StepResults } from '../target.ts';

type Run = Answered<'POST /repos/{owner}/{repo}/check-runs'>;
type Comment = Answered<'POST /repos/{owner}/{repo}/issues/{issue_number}/comments'>;

/** GitHub takes 65,536 characters. */
const maxCommentBytes = 60_000;
const commentPages = 10;

/**
 * Tells what the checks came to: as check runs with annotations, which only a GitHub App may make, else, and when GitHub does not take them as they
 * are, as one comment on the pull request. Both are looked for before they are made, one by one.
 */
export function checksStep(repository: Repository, draft: Draft, checks: CheckRun, clock: Clock): Step {
  const reports = reportsOf(checks);
  return {
    name: 'checks',
    isVisible: true,
    send: async (done, { signal }) => {
      try {
        const runs: Record<string, number> = {};
        for (const report of reports) {
          runs[report.name] = await publishRun(repository.named(done), draft, report, headOf(done), { clock, signal });
        }
        return { runs };
      } catch (error) {
        if (!isRefused(error)) throw error;
        const told = await publishComment(repository.named(done), draft, reports, done, { clock, signal });
        // That only an app may make check runs is how it is for a token, and nothing to tell of.
        if (error.status !== 422 || 'leftOut' in told) return told;
        return { ...told, leftOut: `The checks stand in a comment: ${error.sentence}` };
      }
    },
  };
}

type Telling = { readonly clock: Clock; readonly signal: AbortSignal };

const headOf = (done: StepResults): string => textIn(done, 'branch', 'headSha');

async function publishRun(
  there: Repository,
  draft: Draft,
  report: CheckReport,
  headSha: string,
  { clock, signal }: Telling,
): Promise<number> {
  const { conclusion, title, summary, annotations } = report;
  const name = `holdfast / ${report.name}`;
  const externalId = `${draft.draftId}/${report.name}`;
  const doing = `report the check ${report.name}`;
  const output = (from: number) => ({
    title,
    summary,
    annotations: annotations.slice(from, from + maxAnnotationsAtOnce).map((one) => ({ ...one })),
  });
  const find = async (): Promise<Run | undefined> => {
    const { check_runs: runs } = await there.ask(
      'GET /repos/{owner}/{repo}/commits/{ref}/check-runs',
      { ref: headSha, check_name: name, filter: 'all', per_page: 100 },
      { signal, doing },
    );
    return runs.find(({ external_id: id }) => id === externalId);
  };
  const existing = await find();
  const run =
    existing ??
    (await there.ask(
      'POST /repos/{owner}/{repo}/check-runs',
      { name, head_sha: headSha, external_id: externalId, status: 'completed', conclusion, output: output(0) },
      { signal, lookUp: lookUntilSettled(clock, find), doing },
    ));
  // Those that are sent with a change are added to what is there, so what is there says where to go on.
  let sent = existing ? existing.output.annotations_count : Math.min(maxAnnotationsAtOnce, annotations.length);
  while (sent < annotations.length) {
    const part = output(sent);
    const after = sent + part.annotations.length;
    await there.ask(
      'PATCH /repos/{owner}/{repo}/check-runs/{check_run_id}',
      { check_run_id: run.id, output: part },
      {
        signal,
        doing,
        lookUp: lookUntilSettled(clock, async () => {
          const now = await there.ask(
            'GET /repos/{owner}/{repo}/check-runs/{check_run_id}',
            { check_run_id: run.id },
            { signal, doing },
          );
          return now.output.annotations_count >= after ? now : undefined;
        }),
      },
    );
    sent = after;
  }
  return Number(run.id);
}

async function publishComment(
  there: Repository,
  draft: Draft,
  reports: readonly CheckReport[],
  done: StepResults,
  { clock, signal }: Telling,
): Promise<StepResult> {
  const marker = `<!-- holdfast:checks ${draft.draftId} -->`;
  const issue = numberIn(done, 'pull', 'number');
  const doing = 'comment on the pull request with what the checks came to';
  const find = async (): Promise<Comment | undefined> => {
    for (let page = 1; page <= commentPages; page += 1) {
      const comments = await there.ask(
        'GET /repos/{owner}/{repo}/issues/{issue_number}/comments',
        { issue_number: issue, per_page: 100, page },
        { signal, doing },
      );
      const ours = comments.find(({ body }) => body?.includes(marker));
      if (ours || comments.length < 100) return ours;
    }
    return undefined;
  };
  try {
    const comment =
      (await find()) ??
      (await there.ask(
        'POST /repos/{owner}/{repo}/issues/{issue_number}/comments',
        { issue_number: issue, body: `${tableOf(reports, maxCommentBytes)}\n\n${marker}` },
        { signal, lookUp: lookUntilSettled(clock, find), doing },
      ));
    return { comment: Number(comment.id) };
  } catch (error) {
    if (!isRefused(error)) throw error;
    // The draft is there; who may not comment on it has nowhere to say so but here.
    return { leftOut: `What the checks came to is left out: ${error.sentence}` };
  }
}

/**
 * "You must authenticate via a GitHub App", a token that may not, which GitHub also tells as "not found", or a limit of GitHub's that we do not know:
 * the pull request is open, and what the checks came to is no reason to fail it.
 */
function isRefused(error: unknown): error is Refusal {
  return error instanceof Refusal && [403, 404, 410, 422].includes(error.status);
}
