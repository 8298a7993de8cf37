import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test, vi } from 'vitest';
import { commandLinesWith } from '../../../../test/support/processes.ts';
import { describeLauncher, faultOf, type OpenedLauncher } from './launcher.contract.ts';
import { localLauncher } from './launcher.local.ts';

const never = new AbortController().signal;

describeLauncher('this machine', async (agentText, options) => {
  const { agentFile, ...rest } = await agentIn(agentText);
  return { launcher: localLauncher({ agentFile, node: process.execPath, ...options }), ...rest };
});

describe('a local launcher', () => {
  test('names the file that is not there and how to make it', async () => {
    const launcher = localLauncher({ agentFile: '/nowhere/agent.js', node: process.execPath });
    const fault = await faultOf(launcher.start({ signal: never }));
    expect(fault).toMatchObject({ code: 'agent_unavailable', transient: false });
    expect(fault.message).toContain('/nowhere/agent.js is not there; build it');
  });

  test('names the Node that cannot be started', async () => {
    await using agent = await agentIn('');
    const launcher = localLauncher({ agentFile: agent.agentFile, node: '/nowhere/node' });
    const fault = await faultOf(launcher.start({ signal: never }));
    expect(fault).toMatchObject({ code: 'agent_unavailable', transient: false });
    expect(fault.message).toContain('/nowhere/node cannot be started');
  });

  test('gives the link only what is on the list of the environment', async () => {
    await using agent = await agentIn(`
      process.stdout.write('holdfast-link 1\\n' + Object.keys(process.env).sort().join(' '));
      process.stdin.resume();
    `);
    const env = {
      PATH: '/usr/bin:/bin',
      HOME: '/home/ada',
      GITHUB_TOKEN: 'secret',
      AUTH_TOKENS: 'ada:secret',
      TZ: 'UTC',
    };
    const launcher = localLauncher({ agentFile: agent.agentFile, node: process.execPath, env });
    const link = await launcher.start({ signal: never });
    link.stdin.end();
    let text = '';
    for await (const chunk of link.stdout) text += String(chunk);
    expect(text).toBe('HOME PATH TZ');
    await link.stop();
  });
});

async function agentIn(text: string): Promise<Omit<OpenedLauncher, 'launcher'> & { agentFile: string }> {
  const folder = await mkdtemp(join(tmpdir(), 'holdfast-local-'));
  const agentFile = join(folder, 'agent.js');
  await writeFile(agentFile, text);
  return {
    agentFile,
    allGone: () => vi.waitFor(async () => expect(await commandLinesWith(folder)).toEqual([]), { timeout: 10_000 }),
    [Symbol.asyncDispose]: () => rm(folder, { recursive: true, force: true }),
  };
}
