import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { commandLineOf } from '../../../../../../test/support/processes.ts';
import { until } from '../../../../../../test/support/until.ts';
import type { Draft } from '../draft.ts';
import { draftOn, GitScene, publish } from '../testing/git-scene.ts';
import { samplePolicy } from '../testing/sample-draft.ts';

const script = fileURLToPath(new URL('../testing/git-publisher.ts', import.meta.url));
const signal = new AbortController().signal;

/** A process that publishes, until it has said `line` (or for ever); then it is killed. */
async function killAfter(scene: GitScene, draft: Draft, event: Promise<unknown> | string): Promise<void> {
  const child = spawn(process.execPath, [script, scene.remote, JSON.stringify(draft)], {
    stdio: ['ignore', 'pipe', 'inherit'],
    env: { PATH: process.env['PATH'], TMPDIR: scene.temporary },
  });
  const ended = once(child, 'exit');
  if (typeof event === 'string') {
    for await (const line of createInterface({ input: child.stdout })) if (line === event) break;
  } else {
    await event;
  }
  child.kill('SIGKILL');
  expect(await ended).toEqual([null, 'SIGKILL']);
}

/** The first push stops in this hook of the remote: it says which process serves it, and waits until it may go on. */
async function holdPush(
  scene: GitScene,
  hook: string,
): Promise<{ held: Promise<number>; release: () => Promise<void> }> {
  const [first, held, go] = ['first', 'held', 'go'].map((name) => join(scene.folder, name));
  execFileSync('mkfifo', [held ?? '', go ?? '']);
  await scene.hook(hook, `mkdir ${first} 2>/dev/null || exit 0; echo $PPID > ${held}; cat ${go} > /dev/null`);
  return {
    held: readFile(held ?? '', 'utf8').then(Number),
    release: () => writeFile(go ?? '', 'go'),
  };
}

describe('a draft whose gateway is killed', () => {
  test('between two steps is published by the next one', async () => {
    using scene = new GitScene();
    const draft = draftOn(scene.tip);
    await killAfter(scene, draft, 'commit');
    expect(Object.keys(scene.branches())).toContain('main');
    const { headSha } = await publish(scene.target(), draft);
    expect(scene.branches()).toEqual({ main: scene.tip, 'holdfast/draft-1': headSha });
  });

  test('in the middle of the push, before it took effect, is one branch, even when the old push comes late', async () => {
    using scene = new GitScene();
    const draft = draftOn(scene.tip);
    const { held, release } = await holdPush(scene, 'pre-receive');
    await killAfter(scene, draft, held);
    expect(scene.branches()).toEqual({ main: scene.tip });
    const { headSha } = await publish(scene.target(), draft);
    expect(scene.branches()).toEqual({ main: scene.tip, 'holdfast/draft-1': headSha });
    await release();
    const server = await held;
    await until('the end of the old push', async () => (await commandLineOf(server)) === '');
    expect(scene.branches()).toEqual({ main: scene.tip, 'holdfast/draft-1': headSha });
  });

  test('after the push took effect is found where it is', async () => {
    using scene = new GitScene();
    const draft = draftOn(scene.tip);
    const { held, release } = await holdPush(scene, 'post-receive');
    await killAfter(scene, draft, held);
    const before = scene.branches();
    const [commit, branch] = scene.target().stepsOf(draft, samplePolicy);
    const done = { commit: (await commit?.send({}, { signal })) ?? {} };
    const found = await branch?.find?.(done, { signal });
    expect(before).toEqual({ main: scene.tip, 'holdfast/draft-1': found?.['headSha'] });
    expect(await branch?.send(done, { signal })).toEqual(found);
    await release();
    const server = await held;
    await until('the end of the old push', async () => (await commandLineOf(server)) === '');
    expect(scene.branches()).toEqual(before);
  });
});
