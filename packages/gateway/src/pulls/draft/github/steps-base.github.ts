import { HoldfastError, type ChangeSet } from '@holdfast/protocol';
import { checkBaseLinks } from '../check-base-links.ts';
import { BaseTree } from './base-tree.github.ts';
import { checkAgainstBase } from './check-against-base.github.ts';
import type { DraftPolicy } from '../policy/policy.ts';
import { orMissing, type Repository } from './repository.github.ts';
import type { Step } from '../target.ts';
import { treeWith } from '../tree-with.ts';

/**
 * Looks up what the draft stands on, once: the repository by the name that it has, the base branch, that the change set's commit is on it, that the
 * change set takes nothing away there that it does not name, and reaches nothing protected through a link there; and what tree git makes of it.
 * Everything after goes by what is noted here, whatever the base branch does meanwhile.
 */
export function baseStep(repository: Repository, changeSet: ChangeSet, policy: DraftPolicy): Step {
  const { baseSha } = changeSet;
  const configured = `${repository.owner}/${repository.repo}`;
  return {
    name: 'base',
    send: async (_done, { signal }) => {
      const about = await repository.ask('GET /repos/{owner}/{repo}', {}, { signal, doing: 'look up the repository' });
      if (about.archived) {
        throw new HoldfastError(
          'forbidden',
          `${about.full_name} is archived and takes nothing; unarchive it, then try again.`,
        );
      }
      const baseBranch = policy.base ?? about.default_branch;
      const head = await orMissing(
        repository.ask(
          'GET /repos/{owner}/{repo}/branches/{branch}',
          { branch: baseBranch },
          { signal, doing: `look up the branch ${baseBranch}` },
        ),
        () => undefined,
      );
      // For one that is renamed or gone GitHub gives another, for which no draft is meant.
      if (head?.name !== baseBranch) {
        throw new HoldfastError(
          'conflict',
          `There is no branch ${baseBranch} in ${configured}; name the base of its drafts in the configuration.`,
        );
      }
      const compared = await orMissing(
        repository.ask(
          'GET /repos/{owner}/{repo}/compare/{basehead}',
          { basehead: `${baseSha}...${head.commit.sha}`, per_page: 1 },
          { signal, doing: `compare ${baseSha} with ${baseBranch}` },
        ),
        () => {
          throw offBase(`is not in ${configured}`, baseSha, baseBranch);
        },
      );
      if (compared.status !== 'ahead' && compared.status !== 'identical') {
        throw offBase(`is not (or no longer) on its branch ${baseBranch}`, baseSha, baseBranch);
      }
      const baseTree = compared.base_commit.commit.tree.sha;
      const base = new BaseTree(repository, baseTree, { signal });
      await checkAgainstBase(base, changeSet);
      await checkBaseLinks(policy, changeSet, await base.links());
      return {
        configured,
        owner: about.owner.login,
        repo: about.name,
        baseBranch,
        baseSha,
        baseTree,
        wantedTree: (await treeWith(base.readFolder, baseTree, changeSet)) ?? null,
      };
    },
  };
}

function offBase(where: string, baseSha: string, branch: string): HoldfastError {
  return new HoldfastError(
    'conflict',
    `The commit ${baseSha}, which the change set stands on, ${where}. Rebase the workspace on ${branch} as it is there, and ask for a new draft.`,
  );
}
