import { HoldfastError } from '@holdfast/protocol';
import type { Secret } from '../../lib/secret.ts';
import { checkBaseLinks } from './check-base-links.ts';
import { branchOf, commitOf } from './commit.ts';
import type { Draft } from './draft.ts';
import { baseLinks } from './git/base-links.git.ts';
import { remoteError } from './git/fault.git.ts';
import { gitSeconds } from './git-objects.ts';
import type { DraftPolicy } from './policy/policy.ts';
import { addressOf, type RemoteAddress } from './git/remote-address.ts';
import type { DraftTarget, Step, StepResult, StepResults } from './target.ts';
import { Workshop } from './git/workshop.git.ts';
import { writeTree } from './git/write-tree.git.ts';

export type GitTargetOptions = {
  /** One without a `remoteFault`; it may have a password in it. */
  readonly remote: Secret;
  /** Of the gateway; git sees what it needs of it. */
  readonly env: Readonly<Record<string, string | undefined>>;
  /** For one step, however often it speaks with the remote; 10 minutes by default. */
  readonly timeoutMs?: number;
};

/** What is asked of the remote's history: the newest commit first, then ever more of it. */
const depths = [1, 50, 1000, 2_147_483_647];

/**
 * Publishes a draft as a branch of a plain git remote, with the git program of this machine. A branch is made and never moved: the same draft
 * again makes the same commit, and finds its branch there.
 */
export class GitTarget implements DraftTarget {
  readonly #address: RemoteAddress;
  readonly #env: GitTargetOptions['env'];
  readonly #timeoutMs: number;

  constructor({ remote, env, timeoutMs = 600_000 }: GitTargetOptions) {
    this.#address = addressOf(remote.reveal());
    this.#env = env;
    this.#timeoutMs = timeoutMs;
  }

  stepsOf(draft: Draft, policy: DraftPolicy): readonly Step[] {
    const branch = branchOf(draft, policy);
    return [
      {
        // Nothing of it is seen outside; it tells early what cannot be published.
        name: 'commit',
        send: (_done, { signal }) =>
          this.#within(signal, draft, async (shop) => ({ ...(await this.#build(shop, draft, policy)) })),
      },
      {
        name: 'branch',
        isVisible: true,
        find: (done, { signal }) =>
          this.#within(signal, draft, (shop) => this.#published(shop, branch, commitIn(done))),
        send: (done, { signal }) =>
          this.#within(signal, draft, async (shop) => {
            const built = await this.#build(shop, draft, policy);
            const before = commitIn(done);
            if (built.commitSha !== before.commitSha) throw changedMeanwhile(before.commitSha, built.commitSha);
            return this.#push(shop, branch, built);
          }),
      },
    ];
  }

  async #within<Result>(signal: AbortSignal, draft: Draft, work: (shop: Workshop) => Promise<Result>): Promise<Result> {
    const deadline = AbortSignal.timeout(this.#timeoutMs);
    try {
      await using shop = await Workshop.open({
        address: this.#address,
        env: this.#env,
        signal: AbortSignal.any([signal, deadline]),
        baseSha: draft.changeSet.baseSha,
      });
      return await work(shop);
    } catch (error) {
      if (signal.aborted || error !== deadline.reason) throw error;
      const message = `git was not done with ${this.#address.shown} in ${this.#timeoutMs} ms; it is tried again.`;
      throw new HoldfastError('timeout', message, { cause: error });
    }
  }

  async #build(shop: Workshop, draft: Draft, policy: DraftPolicy): Promise<Built> {
    await this.#fetchBase(shop, draft.changeSet.baseSha, policy.base);
    await checkBaseLinks(policy, draft.changeSet, await baseLinks(shop, draft.changeSet.baseSha));
    const treeSha = await writeTree(shop, draft.changeSet);
    const { message, author, committer } = commitOf(draft, policy);
    const commitSha = await shop.git(['commit-tree', '-p', draft.changeSet.baseSha, '-F', '-', treeSha], {
      stdin: message,
      env: {
        GIT_AUTHOR_NAME: author.name,
        GIT_AUTHOR_EMAIL: author.email,
        GIT_AUTHOR_DATE: `@${gitSeconds(author)} +0000`,
        GIT_COMMITTER_NAME: committer.name,
        GIT_COMMITTER_EMAIL: committer.email,
        GIT_COMMITTER_DATE: `@${gitSeconds(committer)} +0000`,
      },
    });
    return { commitSha: commitSha.trim(), treeSha };
  }

  /** The base is asked for by its branch, which every server allows, and ever deeper: so it is known to be a commit of that branch. */
  async #fetchBase(shop: Workshop, baseSha: string, base: string | null): Promise<void> {
    const { head, refs } = await this.#look(shop, [base === null ? 'HEAD' : `refs/heads/${base}`]);
    const ref = base === null ? head : `refs/heads/${base}`;
    if (ref === undefined || !refs.has(base === null ? 'HEAD' : ref)) {
      const missing = base === null ? 'default branch; name one in pulls.base' : `branch ${base}; correct pulls.base`;
      throw new HoldfastError('conflict', `${this.#address.shown} has no ${missing}.`);
    }
    for (const depth of depths) {
      await shop.fetch([`--depth=${depth}`, '--', 'origin', `+${ref}:refs/base`]);
      const isIn = await shop.run(['merge-base', '--is-ancestor', baseSha, 'refs/base']);
      if (isIn.code === 0) return;
    }
    throw new HoldfastError(
      'conflict',
      `The commit ${baseSha}, on which the draft is based, is not in ${ref.slice(11)} of ${this.#address.shown}; ` +
        'bring the workspace up to date with it and ask for the draft again.',
    );
  }

  async #published(shop: Workshop, branch: string, { commitSha, treeSha }: Built): Promise<StepResult | undefined> {
    const ref = `refs/heads/${branch}`;
    const there = (await this.#look(shop, [ref])).refs.get(ref);
    if (there === undefined) return undefined;
    if (there === commitSha) return { headSha: commitSha, treeSha, branch };
    throw new HoldfastError(
      'conflict',
      `The branch ${branch} of ${this.#address.shown} is taken by another commit (${there}); ` +
        'delete or rename it there, or ask for the draft under another id.',
    );
  }

  async #push(shop: Workshop, branch: string, built: Built): Promise<StepResult> {
    const ref = `refs/heads/${branch}`;
    // The empty lease: only where there is nothing yet. The remote sees to it again, while it holds the ref.
    const args = [
      'push',
      '--porcelain',
      '--no-verify',
      '--no-thin',
      '--recurse-submodules=no',
      `--force-with-lease=${ref}:`,
    ];
    const answer = await shop.speak([...args, '--', 'origin', `${built.commitSha}:${ref}`]);
    if (answer.code === 0) return { headSha: built.commitSha, treeSha: built.treeSha, branch };
    // Refused because it is there, or the connection broke after it had taken effect: what is there decides.
    const there = await this.#published(shop, branch, built);
    if (there) return there;
    // Of a refusal --porcelain tells on stdout.
    throw remoteError({ ...answer, stderr: `${answer.stdout}\n${answer.stderr}` }, 'push to', this.#address.shown);
  }

  async #look(
    shop: Workshop,
    names: readonly string[],
  ): Promise<{ head: string | undefined; refs: Map<string, string> }> {
    const said = await shop.remote(['ls-remote', '--quiet', '--symref', '--', 'origin', ...names], 'read');
    const lines = said.split('\n').flatMap((line) => (line.includes('\t') ? [line.split('\t')] : []));
    const isHead = ([target, name]: readonly string[]): boolean =>
      name === 'HEAD' && target?.startsWith('ref: ') === true;
    const refs = lines.filter((line) => !isHead(line)).map(([sha = '', name = '']) => [name, sha] as const);
    return { head: lines.find(isHead)?.[0]?.slice('ref: '.length), refs: new Map(refs) };
  }
}

type Built = { readonly commitSha: string; readonly treeSha: string };

function commitIn({ commit }: StepResults): Built {
  const { commitSha, treeSha } = commit ?? {};
  if (typeof commitSha === 'string' && typeof treeSha === 'string') return { commitSha, treeSha };
  throw new HoldfastError('internal', 'The step "branch" was begun before the step "commit" was done.');
}

function changedMeanwhile(before: string, now: string): HoldfastError {
  const message = `The draft made the commit ${before} before and makes ${now} now; ask for it again under another id.`;
  return new HoldfastError('conflict', message);
}
