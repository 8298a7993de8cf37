import { readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, vi, type Mock } from 'vitest';
import type { Launcher } from '../../packages/gateway/src/machines/launcher.ts';
import { sshLauncher, type SshLauncherOptions } from '../../packages/gateway/src/machines/launcher.ssh.ts';
import { commandLinesWith } from './processes.ts';
import { startSshd, type TestSshd, type TestSshdOptions } from './sshd.ts';

type Log = NonNullable<SshLauncherOptions['log']>;
/** An sshd and a launcher for it. */
export type SshScene = AsyncDisposable & {
  readonly sshd: TestSshd;
  readonly options: SshLauncherOptions;
  readonly launcher: Launcher;
  readonly log: Mock<Log>;
};

/** Starts an sshd, and makes a launcher that brings an agent with this text. */
export async function sshScene(
  options: { agentText: string; sshd?: TestSshdOptions } & Partial<SshLauncherOptions>,
): Promise<SshScene> {
  const { agentText, sshd: sshdOptions, ...rest } = options;
  const sshd = await startSshd(sshdOptions);
  const log = vi.fn<Log>();
  const all = { ...(await optionsFor(sshd, agentText)), log, ...rest };
  return { sshd, options: all, launcher: sshLauncher(all), log, [Symbol.asyncDispose]: () => sshd.stop() };
}

async function optionsFor(sshd: TestSshd, agentText: string): Promise<SshLauncherOptions> {
  const { host, port, user, identityFile, knownHosts, configFile, root } = sshd;
  const agentFile = join(root, 'agent.js');
  await writeFile(agentFile, agentText);
  return { host, port, user, identityFile, knownHosts, configFile, agentFile, env: { PATH: process.env['PATH'] } };
}

/** Waits until client, shell and link are gone; all have the folder of this sshd in their arguments. */
export async function nothingLeft(sshd: TestSshd): Promise<void> {
  await vi.waitFor(
    async () => {
      const lines = await commandLinesWith(sshd.root);
      expect(lines.filter((line) => !line.includes('sshd_config'))).toEqual([]);
    },
    { timeout: 10_000 },
  );
}

/** The agent's files over there. */
export async function installed(sshd: TestSshd): Promise<readonly string[]> {
  const names = await readdir(join(sshd.home, '.holdfast'));
  return names.filter((name) => name.startsWith('holdfast-agent-')).toSorted();
}
