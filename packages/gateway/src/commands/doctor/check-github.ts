import { RequestError } from '@octokit/request-error';
import type { Config } from '../../config.ts';
import type { Project, ProjectPulls } from '../../projects/project.ts';
import { openAdmission } from '../../pulls/admission/open-admission.ts';
import { RetryableGitHubClient } from '../../pulls/client/retryable-github-client.ts';
import { GitHubAppTokens } from '../../pulls/tokens/app-tokens.github.ts';
import { failed, type Finding } from './finding.ts';

type Options = { readonly signal: AbortSignal };
type GitHubProject = Project & { readonly pulls: ProjectPulls & { readonly target: { readonly kind: 'github' } } };

/** Most that one question may take. */
const patienceS = 20;

/** Who each GitHub token acts as and what is left of its quota, and whether drafts may be published where projects say. */
export async function checkGitHub(
  { github, projects }: Pick<Config, 'github' | 'projects'>,
  { signal }: Options,
): Promise<readonly Finding[]> {
  const published = projects.filter((project): project is GitHubProject => project.pulls?.target.kind === 'github');
  const { app } = github;
  if (github.tokens.length === 0 && app === undefined && published.length === 0) {
    return [{ part: 'github', state: 'skipped', message: 'no project has a repo, and GITHUB_TOKEN is not set' }];
  }
  const findings: Finding[] = [];
  if (app) findings.push(await appFinding(new GitHubAppTokens({ ...app, apiUrl: github.apiUrl }), signal));
  for (const [index, token] of github.tokens.entries()) {
    await using client = clientOf({ ...github, tokens: [token], app: undefined });
    findings.push(await tokenFinding(`github token-${index + 1}`, client, signal));
  }
  for (const project of published) {
    await using client = clientOf(github);
    findings.push(await repositoryFinding(project, client, { signal, isApp: app !== undefined }));
  }
  return findings;
}

function clientOf(github: Config['github']): RetryableGitHubClient & AsyncDisposable {
  // One who waits for an answer is told of a limit rather than kept waiting for its end.
  const config = { maxRetries: 1, baseDelay: 0.5, totalTimeout: patienceS };
  const { admission } = openAdmission(github);
  const client = new RetryableGitHubClient({ admission, baseUrl: github.apiUrl, config });
  return Object.assign(client, { [Symbol.asyncDispose]: () => admission[Symbol.asyncDispose]() });
}

async function appFinding(app: GitHubAppTokens, signal: AbortSignal): Promise<Finding> {
  const part = 'github app';
  try {
    const found = await app.installations({ signal: AbortSignal.any([signal, AbortSignal.timeout(patienceS * 1000)]) });
    if (found.length === 0) return failed(part, 'It is installed nowhere; install it where the repositories are.');
    return { part, state: 'ok', message: `installed at ${found.map(({ id, account }) => account ?? id).join(', ')}` };
  } catch (error) {
    signal.throwIfAborted();
    return failed(part, withWayOut(error, 'check GITHUB_APP_ID and its private key'));
  }
}

async function tokenFinding(part: string, client: RetryableGitHubClient, signal: AbortSignal): Promise<Finding> {
  try {
    const { data: user } = await client.request('GET /user', {}, { signal });
    const { data: limits } = await client.request('GET /rate_limit', {}, { signal });
    const { remaining, limit } = limits.resources.core;
    return { part, state: 'ok', message: `acts as ${user.login}, ${remaining} of ${limit} requests an hour are left` };
  } catch (error) {
    signal.throwIfAborted();
    return failed(part, withWayOut(error, 'see whether the token has expired or was revoked'));
  }
}

async function repositoryFinding(
  { id, pulls }: GitHubProject,
  client: RetryableGitHubClient,
  { signal, isApp }: Options & { readonly isApp: boolean },
): Promise<Finding> {
  const part = `project ${id} drafts`;
  const { owner, repo } = pulls.target;
  const name = `${owner}/${repo}`;
  try {
    const { data } = await client.request('GET /repos/{owner}/{repo}', { owner, repo }, { signal });
    if (data.archived) return failed(part, `${name} is archived; nothing can be pushed to it.`);
    // What an installation may do stands with the installation, and not here.
    if (!isApp && data.permissions?.push === false) {
      return failed(part, `The GitHub token may read ${name} and not write to it; give it "Contents: write".`);
    }
    return { part, state: 'ok', message: `to ${name}, onto ${pulls.policy.base ?? data.default_branch}` };
  } catch (error) {
    signal.throwIfAborted();
    return failed(part, withWayOut(error, `see whether ${name} is spelled right, and whether the token may see it`));
  }
}

/** What GitHub itself refused says no more than "Not Found". */
function withWayOut(error: unknown, wayOut: string): unknown {
  if (!(error instanceof RequestError)) return error;
  return `GitHub says "${error.message}" (${error.status}); ${wayOut}.`;
}
