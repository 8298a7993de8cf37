import { createHash } from 'node:crypto';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { readAgentFile } from './agent-file.ts';

let folder = '';
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'holdfast-agent-file-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

describe("the agent's file", () => {
  test('is named by the version of its package and by its content', async () => {
    await mkdir(join(folder, 'dist'));
    await writeFile(join(folder, 'package.json'), '{"version":"1.2.3"}');
    await writeFile(join(folder, 'dist/holdfast-agent.js'), 'content');
    const sha256 = createHash('sha256').update('content').digest('hex');
    expect(await readAgentFile(join(folder, 'dist/holdfast-agent.js'))).toEqual({
      bytes: Buffer.from('content'),
      sha256,
      name: `holdfast-agent-1.2.3-${sha256.slice(0, 12)}.js`,
    });
  });

  test('has no version when it stands alone, or when its package has none that a shell may see', async () => {
    await writeFile(join(folder, 'agent.js'), 'content');
    expect((await readAgentFile(join(folder, 'agent.js'))).name).toMatch(/^holdfast-agent-0-[0-9a-f]{12}\.js$/);
    await mkdir(join(folder, 'dist'));
    await writeFile(join(folder, 'package.json'), '{"version":"1; touch x"}');
    await writeFile(join(folder, 'dist/agent.js'), 'content');
    expect((await readAgentFile(join(folder, 'dist/agent.js'))).name).toMatch(/^holdfast-agent-0-/);
  });

  test('is missed with a sentence that says how to make it', async () => {
    await expect(readAgentFile(join(folder, 'nowhere.js'))).rejects.toMatchObject({
      code: 'agent_unavailable',
      transient: false,
      message: `The agent's file ${folder}/nowhere.js is not there; build it (npm run build)`,
    });
  });

  test('is not called missing when it is there and cannot be read', async () => {
    await expect(readAgentFile(folder)).rejects.toMatchObject({ code: 'unavailable', transient: false });
  });
});
