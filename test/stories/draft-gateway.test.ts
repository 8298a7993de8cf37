import { afterAll, beforeAll, expect, test } from 'vitest';
import type { ProjectId } from '@holdfast/protocol';
import { SQLiteConversationStore } from '../../packages/gateway/src/conversations/store.sqlite.ts';
import { newOwner } from '../../packages/gateway/src/sessions/owner.ts';
import { Drafts } from '../../packages/gateway/src/pulls/draft/drafts.ts';
import { branchOf } from '../../packages/gateway/src/pulls/draft/commit.ts';
import { GitHubTarget } from '../../packages/gateway/src/pulls/draft/target.github.ts';
import { TestGateway } from '../support/gateway.ts';
import { draftFacts } from '../support/github/draft-facts.ts';
import { silent } from '../support/github/loggers.ts';
import { DraftScene } from '../support/github/draft-scene.ts';
import { sampleDraft, samplePolicy } from '../support/github/sample-draft.ts';
import { until } from '../support/until.ts';

/** The gateway as it is started, with a GitHub App and the documented limits; who accepts the draft is another process of its store. */
let scene: DraftScene;
let gateway: TestGateway;

beforeAll(async () => {
  scene = await DraftScene.open(1);
  const { app } = scene.emulate;
  gateway = await TestGateway.start({
    config: (dir) =>
      JSON.stringify({
        projects: [
          {
            ...{ id: 'shop-1', members: ['*'], workspace: { local: `${dir}/shop` }, repo: 'acme/shop-1' },
            pulls: { base: 'main', labels: samplePolicy.labels, author: 'Holdfast <holdfast@example.com>' },
          },
        ],
      }),
    env: {
      GITHUB_API_URL: scene.proxy.url,
      GITHUB_APP_ID: String(app.appId),
      GITHUB_APP_PRIVATE_KEY: app.privateKey.replaceAll('\n', '\\n'),
    },
  });
}, 300_000);
afterAll(async () => {
  await gateway.end();
  await scene[Symbol.asyncDispose]();
});

const metricsOf = async (): Promise<string> => (await fetch(`${gateway.url}/metrics`)).text();

test(
  'a draft that was accepted before the gateway was killed is published by the one that comes after it, once',
  { timeout: 180_000 },
  async () => {
    const draft = sampleDraft(1, scene.checkout.baseSha, 'shop-1');
    const branch = branchOf(draft, samplePolicy);
    const held = scene.proxy.hold({ method: 'POST', path: /\/pulls$/ });
    await accept(draft);
    // GitHub has made the pull request, and the gateway does not know.
    await held;
    await gateway.kill('SIGKILL');
    await gateway.start();
    await until('the draft to be published', () => gateway.log.includes('draft published'), 120_000);

    const address = { url: scene.emulate.url, token: scene.emulate.freshToken(), repository: 'acme/shop-1' };
    expect(await draftFacts(address, branch, draft.changeSet.baseSha)).toMatchObject({
      ...{ pulls: 1, drafts: 1, branches: 1, commits: 1 },
      labels: { holdfast: 1, 'needs review': 1 },
      treeSha: await scene.checkout.treeOf(draft.changeSet),
    });
    expect(scene.proxy.log.filter(({ whileLimited }) => whileLimited)).toEqual([]);
  },
);

test('what it asked is counted by the app’s label, and no token or key stands in metrics or logs', async () => {
  const text = await metricsOf();
  expect(text).toMatch(/holdfast_github_calls_total\{token="app-1",outcome="success"\} [1-9]/);
  expect(text).toMatch(/holdfast_github_quota_remaining\{token="app-1",resource="core"\} \d+/);
  const secrets = [
    'PRIVATE KEY',
    ...new Set(scene.proxy.log.map(({ token }) => token).filter((end) => end.length > 8)),
  ];
  for (const secret of secrets) expect(`${gateway.log}${text}`).not.toContain(secret);
});

async function accept(draft: ReturnType<typeof sampleDraft>): Promise<void> {
  const store = new SQLiteConversationStore(`${gateway.dir}/store/holdfast.db`, { ttlMs: null });
  const nobody = { request: () => Promise.reject(new Error('who accepts a draft asks GitHub nothing')) };
  const target = new GitHubTarget({ github: nobody, owner: 'acme', repo: 'shop-1' });
  const projectOf = (id: ProjectId) => (id === 'shop-1' ? { target, policy: samplePolicy } : undefined);
  const drafts = new Drafts({ entries: store, owner: newOwner(), log: silent, projectOf });
  expect(await drafts.request(draft)).toMatchObject({ kind: 'accepted' });
  await store.close();
}
