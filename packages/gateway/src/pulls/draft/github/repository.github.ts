import { HoldfastError, type ErrorCode } from '@holdfast/protocol';
import type { Endpoints } from '@octokit/types';
import type { GitHub, GitHubAnswer, GitHubOptions, Route } from '../../client/github.ts';
import { isObject } from '../../retry/is-object.ts';
import { readAnswer } from '../../retry/read-answer.ts';
import type { StepResult, StepResults } from '../target.ts';

export type Answered<Of extends Route> = GitHubAnswer<Of>['data'];

/** `doing` goes on from "GitHub refused to". */
export type AskOptions<Of extends Route> = GitHubOptions<Of> & { readonly doing: string };

/** A repository on GitHub, by the name that GitHub gives it. */
export class Repository {
  readonly owner: string;
  readonly repo: string;
  readonly #github: GitHub;

  constructor(github: GitHub, owner: string, repo: string) {
    this.#github = github;
    this.owner = owner;
    this.repo = repo;
  }

  /** The same one under the name that the first step noted: a redirect after a rename would make a read of a write. */
  named(done: StepResults): Repository {
    const configured = textIn(done, 'base', 'configured');
    if (configured !== `${this.owner}/${this.repo}`) {
      throw new HoldfastError(
        'conflict',
        `The project's repository was ${configured} when this draft was begun, and is ${this.owner}/${this.repo} now; ask for it again under another id.`,
      );
    }
    return new Repository(this.#github, textIn(done, 'base', 'owner'), textIn(done, 'base', 'repo'));
  }

  /** The answer's data. Rejects with a `HoldfastError` that says what was refused and what to do, or with what the client gave up with. */
  async ask<Of extends Route>(
    route: Of,
    parameters: Omit<Endpoints[Of]['parameters'], 'owner' | 'repo'>,
    { doing, ...options }: AskOptions<Of>,
  ): Promise<Answered<Of>> {
    const { owner, repo } = this;
    const all = { owner, repo, ...parameters } as unknown as Endpoints[Of]['parameters'];
    try {
      const { data } = await this.#github.request(route, all, options);
      return data;
    } catch (error) {
      throw refusalOf(error, `${doing} in ${owner}/${repo}`);
    }
  }
}

/** GitHub's answer was no. `status` tells which, `said` is all that it said, in words, and `sentence` says so without a way out. */
export class Refusal extends HoldfastError {
  readonly status: number;
  readonly said: string;
  readonly sentence: string;

  constructor(status: number, said: string, doing: string, cause: unknown) {
    const sentence = `GitHub refused to ${doing} (${status}): ${said}`;
    super(codeOf(status), `${sentence} ${wayOut(status, said)}`, { cause });
    this.sentence = sentence;
    this.status = status;
    this.said = said;
  }
}

/** The result, or `otherwise` when what was asked for is not there. */
export async function orMissing<Result, Otherwise>(
  call: Promise<Result>,
  otherwise: () => Otherwise,
): Promise<Result | Otherwise> {
  try {
    return await call;
  } catch (error) {
    if (error instanceof Refusal && error.status === 404) return otherwise();
    throw error;
  }
}

/** Says of a write that it may be sent again as it is: it makes the same thing, under the same name, however often it arrives. */
export const sameAgain = async (): Promise<undefined> => undefined;

/** A text that a step before noted. */
export function textIn(done: StepResults, step: string, name: string): string {
  const value = resultIn(done, step)[name];
  if (typeof value === 'string') return value;
  throw new HoldfastError('internal', `The step ${step} noted no ${name}.`);
}

/** A number that a step before noted. */
export function numberIn(done: StepResults, step: string, name: string): number {
  const value = resultIn(done, step)[name];
  if (typeof value === 'number') return value;
  throw new HoldfastError('internal', `The step ${step} noted no ${name}.`);
}

function resultIn(done: StepResults, step: string): StepResult {
  return done[step] ?? {};
}

/** What the client gave up is told already; only a plain answer is put into words. */
function refusalOf(error: unknown, doing: string): unknown {
  if (error instanceof HoldfastError) return error;
  const answer = readAnswer(error)?.answer;
  return answer?.kind === 'response' ? new Refusal(answer.status, wordsOf(error, answer.body), doing, error) : error;
}

function wordsOf(error: unknown, body: unknown): string {
  const said = isObject(body) ? [body['message'], ...listOf(body['errors']).map(faultOf)] : [];
  const words = said.filter((word) => typeof word === 'string' && word !== '').join('; ');
  const all = words === '' && error instanceof Error ? error.message : words;
  return /[.!?]$/.test(all) ? all.slice(0, 1000) : `${all.slice(0, 1000)}.`;
}

function faultOf(fault: unknown): unknown {
  if (!isObject(fault)) return fault;
  const { message, field, code } = fault;
  return message ?? `${String(field)} is ${String(code)}`;
}

function listOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}

/** Those that are tried again (see failure.ts) are a token that somebody may mend, and a repository that is busy. */
function codeOf(status: number): ErrorCode {
  if (status === 401) return 'unauthorized';
  if (status === 403 || status === 451) return 'forbidden';
  if (status === 404 || status === 410) return 'not_found';
  if (status === 422) return 'conflict';
  if (status === 409 || status >= 500) return 'unavailable';
  return 'bad_message';
}

function wayOut(status: number, said: string): string {
  if (status === 403 && /archived/i.test(said)) return 'Unarchive it, then try again.';
  switch (codeOf(status)) {
    case 'unauthorized':
      return 'Check GITHUB_TOKEN, or the GitHub App.';
    case 'forbidden':
      return 'Give the token or the app the permissions "Contents" and "Pull requests" (write) for it, then try again.';
    case 'not_found':
      return 'Check the name in the configuration (repo), and that the token or the app may see it; then try again.';
    default:
      return 'Try again when that is mended.';
  }
}
