import { documentedLimits } from '../../../packages/gateway/src/pulls/admission/budget-limits.ts';
import { openAdmission } from '../../../packages/gateway/src/pulls/admission/open-admission.ts';
import { RetryableGitHubClient } from '../../../packages/gateway/src/pulls/client/retryable-github-client.ts';
import { Drafts, type DraftsParts } from '../../../packages/gateway/src/pulls/draft/drafts.ts';
import { Secret } from '../../../packages/gateway/src/lib/secret.ts';
import type { DraftTarget } from '../../../packages/gateway/src/pulls/draft/target.ts';
import { GitTarget } from '../../../packages/gateway/src/pulls/draft/target.git.ts';
import { GitHubTarget } from '../../../packages/gateway/src/pulls/draft/target.github.ts';
import type { ProjectPlace } from './draft-scene.ts';
import { samplePolicy } from './sample-draft.ts';

export type DraftsOnGitHub = Pick<DraftsParts, 'entries' | 'owner' | 'clock' | 'onFinished' | 'log'> & {
  readonly url: string;
  readonly tokens: readonly string[];
  /** One with a `remote` goes there with git, and not to GitHub. */
  readonly projects: readonly (ProjectPlace & { readonly remote?: string })[];
};

/** As the gateway has them, but for the budgets: a draft would take seconds, because GitHub wants one between two writes. */
export function draftsOnGitHub({ url, tokens, projects, ...parts }: DraftsOnGitHub): Drafts {
  const limits = {
    ...documentedLimits,
    restPoints: 1e6,
    contentPerMinute: 1e6,
    contentPerHour: 1e6,
    contentApartMs: 0,
  };
  const github = new RetryableGitHubClient({
    admission: openAdmission({ tokens, limits }).admission,
    config: { maxRetries: 3, baseDelay: 0.02, maxDelay: 0.1, totalTimeout: 20 },
    baseUrl: url,
  });
  const targets = new Map(
    projects.map(({ projectId, repository, remote }): readonly [string, DraftTarget] => {
      if (remote !== undefined) {
        return [projectId, new GitTarget({ remote: new Secret(remote), env: { PATH: process.env['PATH'] } })];
      }
      const [owner = '', repo = ''] = repository.split('/');
      return [projectId, new GitHubTarget({ github, owner, repo, ...(parts.clock && { clock: parts.clock }) })];
    }),
  );
  return new Drafts({
    ...parts,
    projectOf: (projectId) => {
      const target = targets.get(projectId);
      return target && { target, policy: samplePolicy };
    },
  });
}
