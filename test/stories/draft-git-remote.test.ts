import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { MemoryEntries } from '../../packages/gateway/src/conversations/entries.memory.ts';
import { git } from '../support/github/checkout.ts';
import { DraftScene } from '../support/github/draft-scene.ts';
import { DraftWriter } from '../support/github/draft-writer.ts';
import type { WriterOrders } from '../support/github/draft-writer.process.ts';
import { draftsOnGitHub } from '../support/github/drafts-on-github.ts';
import { silent } from '../support/github/loggers.ts';
import { quickClock } from '../support/github/quick-clock.ts';
import { sampleDraft, samplePolicy } from '../support/github/sample-draft.ts';

let scene: DraftScene;
let folder: string;
let remote: string;
beforeAll(async () => {
  scene = await DraftScene.open(1);
  folder = await mkdtemp(join(tmpdir(), 'hf-remote-'));
  remote = join(folder, 'shop.git');
  await git(scene.checkout.folder, 'clone', '--quiet', '--bare', scene.checkout.folder, remote);
});
afterAll(async () => {
  await rm(folder, { recursive: true });
  await scene[Symbol.asyncDispose]();
});

/** Where one of the drafts each is when the process is killed. */
const moments = [
  { step: 'commit', phase: 'sending', when: 'after' },
  { step: 'commit', phase: 'done', when: 'before' },
  { step: 'commit', phase: 'done', when: 'after' },
  { step: 'branch', phase: 'sending', when: 'after' },
  { step: 'branch', phase: 'done', when: 'before' },
  { step: 'branch', phase: 'done', when: 'after' },
] as const;

describe('a draft on a plain git remote', () => {
  test('is one branch with the commit that it has on GitHub, wherever the gateway was killed', async () => {
    const numbers = moments.map(() => scene.nextNumber());
    const drafts = numbers.map((number) => sampleDraft(number, scene.checkout.baseSha, 'shop-1'));
    const onGitHub = await Promise.all(drafts.map((draft) => headOnGitHub(draft)));

    const orders: Omit<WriterOrders, 'owner'> = {
      url: scene.proxy.url,
      tokens: [scene.emulate.freshToken()],
      storePath: join(folder, 'gateway.db'),
      projects: [{ ...scene.projectAt(0), remote }],
      clock: quickClock(30),
      publish: numbers.map((number) => ({ number, baseSha: scene.checkout.baseSha, projectId: 'shop-1' })),
      stopAt: moments.map((moment, index) => ({ ...moment, draftId: drafts[index]?.draftId ?? '', how: 'wait' })),
    };
    await using killed = new DraftWriter({ ...orders, owner: 'killed' });
    await killed.standsAt(moments.length);
    await killed.kill();
    await using next = new DraftWriter({ ...orders, owner: 'next', publish: [], stopAt: [] });
    await next.ends(moments.length);

    const lines = (await git(remote, 'for-each-ref', '--format=%(refname:short) %(objectname)')).split('\n');
    const wanted = drafts.map(({ draftId }, index) => `${samplePolicy.branchPrefix}${draftId} ${onGitHub[index]}`);
    expect(lines).toEqual([...wanted, `main ${scene.checkout.baseSha}`]);
    const trees = await Promise.all(onGitHub.map((sha) => git(remote, 'rev-parse', `${sha}^{tree}`)));
    const wantedTrees = await Promise.all(drafts.map(({ changeSet }) => scene.checkout.treeOf(changeSet)));
    expect(trees).toEqual(wantedTrees);
    await git(remote, 'fsck', '--strict', '--no-dangling');
  });
});

async function headOnGitHub(draft: ReturnType<typeof sampleDraft>): Promise<string> {
  const drafts = draftsOnGitHub({
    entries: new MemoryEntries(),
    owner: 'gateway',
    log: silent,
    url: scene.proxy.url,
    tokens: [scene.emulate.freshToken()],
    projects: [scene.projectAt(0)],
  });
  await drafts.request(draft);
  const end = await drafts.publish(draft.draftId);
  if (end.kind !== 'published') throw new Error(JSON.stringify(end));
  return end.headSha;
}
