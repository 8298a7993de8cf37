import { silent } from '../../../../../../test/support/github/loggers.ts';
import { Checkout, type RepositoryAddress } from '../../../../../../test/support/github/checkout.ts';
import { callerOf, type Caller } from '../../../../../../test/support/github/caller.ts';
import { draftFacts, type DraftFacts } from '../../../../../../test/support/github/draft-facts.ts';
import { startEmulate, type Emulate } from '../../../../../../test/support/github/emulate.ts';
import { FaultProxy } from '../../../../../../test/support/github/fault-proxy.ts';
import type { FaultRule } from '../../../../../../test/support/github/fault.ts';
import { sampleDraft, samplePolicy } from '../../../../../../test/support/github/sample-draft.ts';
import type { EntryStore } from '../../../conversations/entry-store.ts';
import { MemoryEntries } from '../../../conversations/entries.memory.ts';
import { RetryableGitHubClient } from '../../client/retryable-github-client.ts';
import { TokenPool } from '../../tokens/token-pool.ts';
import { systemClock, type Clock } from '../clock.ts';
import { branchOf } from '../commit.ts';
import { settledMs } from '../dead-owners.ts';
import type { Draft } from '../draft.ts';
import { Drafts, type DraftsParts } from '../drafts.ts';
import type { DraftState } from '../draft-state.ts';
import type { DraftPolicy } from '../policy/policy.ts';
import { GitHubTarget } from '../target.github.ts';

/** A GitHub with the repository `acme/shop`, a proxy before it, and a checkout of what is in the repository. */
export class GitHubScene implements AsyncDisposable {
  readonly proxy: FaultProxy;
  readonly checkout: Checkout;
  /** Past the proxy. */
  readonly call: Caller;
  readonly #emulate: Emulate;
  readonly #address: RepositoryAddress;
  #drafts = 0;
  #skippedMs = 0;

  private constructor(emulate: Emulate, proxy: FaultProxy, checkout: Checkout, address: RepositoryAddress) {
    this.#emulate = emulate;
    this.proxy = proxy;
    this.checkout = checkout;
    this.#address = address;
    this.call = callerOf(address);
  }

  static async start(): Promise<GitHubScene> {
    const emulate = await startEmulate();
    const proxy = await FaultProxy.start(emulate.url);
    const checkout = await Checkout.create();
    const [token = ''] = emulate.tokens;
    const address = { url: emulate.url, token, repository: 'acme/shop' };
    await checkout.pushTo(address);
    return new GitHubScene(emulate, proxy, checkout, address);
  }

  /** Another draft each time. */
  newDraft(change: Partial<Draft> = {}): Draft {
    this.#drafts += 1;
    return { ...sampleDraft(this.#drafts, this.checkout.baseSha), ...change };
  }

  /** What was on its way has arrived or never will, as far as the gateways' clock goes. */
  settle(): void {
    this.#skippedMs += settledMs;
  }

  /** A gateway: what it shares with others is `entries`. */
  gateway(
    change: Partial<DraftsParts> & {
      readonly policy?: DraftPolicy;
      readonly entries?: EntryStore;
      readonly repo?: string;
      /** By which GitHub is waited for to give up what it was at; default: nobody waits. */
      readonly settling?: Clock;
    } = {},
  ): Drafts {
    const { policy = samplePolicy, repo = 'shop', settling = impatientClock, ...parts } = change;
    const github = new RetryableGitHubClient({
      tokenPool: new TokenPool(this.#emulate.tokens),
      config: { maxRetries: 3, baseDelay: 0.001, maxDelay: 0.002, jitter: false },
      baseUrl: this.proxy.url,
    });
    const target = new GitHubTarget({ github, owner: 'acme', repo, clock: settling });
    return new Drafts({
      entries: new MemoryEntries(),
      owner: 'gateway-1',
      log: silent,
      clock: { ...systemClock, now: () => Date.now() + this.#skippedMs },
      projectOf: () => ({ target, policy }),
      ...parts,
    });
  }

  facts(draft: Draft): Promise<DraftFacts> {
    return draftFacts(this.#address, branchOf(draft, samplePolicy), draft.changeSet.baseSha);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.proxy[Symbol.asyncDispose]();
    await this.#emulate[Symbol.asyncDispose]();
    await this.checkout[Symbol.asyncDispose]();
  }
}

const impatientClock: Clock = { ...systemClock, setTimeout: (run) => systemClock.setTimeout(run, 0) };

/** Asks for a draft that is new, and publishes it. */
export async function publish(drafts: Drafts, draft: Draft): Promise<DraftState> {
  const { kind } = await drafts.request(draft);
  if (kind !== 'accepted') throw new Error(`the draft is ${kind}`);
  return drafts.publish(draft.draftId);
}

/** Ends a publication while GitHub has carried such a request out and its answer has not come. */
export async function killAt(scene: GitHubScene, drafts: Drafts, draft: Draft, rule: FaultRule): Promise<void> {
  const death = new AbortController();
  const held = scene.proxy.hold(rule).then(() => 'held');
  const dying = drafts.publish(draft.draftId, { signal: death.signal }).catch((error: unknown) => error);
  // It ends by itself only when something is wrong, and then this does not wait.
  const first = await Promise.race([held, dying]);
  death.abort(new Error('killed'));
  if (first !== 'held') throw new Error(`it ended before: ${JSON.stringify(first)}`);
  await dying;
  scene.settle();
}
