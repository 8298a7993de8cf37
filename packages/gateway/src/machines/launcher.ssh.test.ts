import { once } from 'node:events';
import { chmod, mkdir, readdir, readFile, stat, symlink, utimes, writeFile } from 'node:fs/promises';
import { createServer, type AddressInfo } from 'node:net';
import { join } from 'node:path';
import { beforeEach, describe, expect, test, vi, type Mock } from 'vitest';
import { commandLinesWith } from '../../../../test/support/processes.ts';
import { sshdMissing, startSshd, type TestSshd, type TestSshdOptions } from '../../../../test/support/sshd.ts';
import { connectWithRetry, type ConnectOptions } from './connect-with-retry.ts';
import { describeLauncher, echoAgent, faultOf } from './launcher.contract.ts';
import { sshLauncher, type SshLauncherOptions } from './launcher.ssh.ts';

const never = new AbortController().signal;

beforeEach(({ skip }) => skip(sshdMissing !== undefined, sshdMissing));

describeLauncher('another machine, by ssh', async (agentText, options) => {
  const { sshd, launcher } = await machine({ agentText, ...options });
  return { launcher, allGone: () => nothingLeft(sshd), [Symbol.asyncDispose]: () => sshd.stop() };
});

describe('an ssh launcher and the host key', () => {
  test('refuses a machine that known_hosts does not know, with the fingerprint that it presents', async () => {
    await using scene = await machine();
    await writeFile(scene.sshd.knownHosts, '');
    const fault = await faultOf(scene.launcher.start({ signal: never }));
    expect(fault).toMatchObject({ code: 'host_key_mismatch', transient: false });
    expect(fault.message).toContain(scene.launcher.name);
    expect(fault.message).toContain(`is not known: it presents ssh-ed25519 ${scene.sshd.hostKeyFingerprint}.`);
    expect(fault.message).toContain('hostKey: SHA256:');
    expect(await readFile(scene.sshd.knownHosts, 'utf8')).toBe('');
  });

  test('refuses a machine whose key has changed, with the new fingerprint', async () => {
    await using scene = await machine();
    await (await scene.launcher.start({ signal: never })).stop();
    const before = scene.sshd.hostKeyFingerprint;
    await scene.sshd.changeHostKey();
    const fault = await faultOf(scene.launcher.start({ signal: never }));
    expect(fault).toMatchObject({ code: 'host_key_mismatch', transient: false });
    expect(fault.message).toContain(`has changed: it presents ED25519 ${scene.sshd.hostKeyFingerprint}.`);
    expect(fault.message).toContain(`ssh-keygen -R '[127.0.0.1]:${scene.sshd.port}'`);
    expect(scene.sshd.hostKeyFingerprint).not.toBe(before);
  });

  test('takes the key that hostKey names, whatever known_hosts says', async () => {
    await using sshd = await startSshd();
    const pinned = { knownHosts: '/dev/null', hostKey: sshd.hostKeyFingerprint };
    const launcher = sshLauncher({ ...(await optionsFor(sshd)), ...pinned });
    for (const _ of [1, 2]) {
      const link = await launcher.start({ signal: never });
      await link.stop();
    }
    expect(await commandLinesWith(join(sshd.root, 'user_key'))).toEqual([]);
  });

  test('finds the pinned key among several kinds', async () => {
    await using sshd = await startSshd({ hostKeyTypes: ['ed25519', 'ecdsa', 'rsa'] });
    for (const hostKey of sshd.hostKeyFingerprints) {
      const launcher = sshLauncher({ ...(await optionsFor(sshd)), hostKey });
      const link = await launcher.start({ signal: never });
      await link.stop();
    }
    expect(new Set(sshd.hostKeyFingerprints).size).toBe(3);
  });

  test('refuses every other key than the one that hostKey names', async () => {
    await using sshd = await startSshd();
    const hostKey = `SHA256:${'A'.repeat(43)}`;
    const launcher = sshLauncher({ ...(await optionsFor(sshd)), hostKey });
    const fault = await faultOf(launcher.start({ signal: never }));
    expect(fault).toMatchObject({ code: 'host_key_mismatch', transient: false });
    expect(fault.message).toContain(`it presents ssh-ed25519 ${sshd.hostKeyFingerprint}, hostKey is ${hostKey}.`);
    expect(sshd.log()).not.toContain('Accepted');
  });

  test('notices that the pinned key has changed between two links', async () => {
    await using sshd = await startSshd();
    const launcher = sshLauncher({ ...(await optionsFor(sshd)), hostKey: sshd.hostKeyFingerprint });
    await (await launcher.start({ signal: never })).stop();
    await sshd.changeHostKey();
    for (const _ of ['known from before', 'asked anew']) {
      const fault = await faultOf(launcher.start({ signal: never }));
      expect(fault).toMatchObject({ code: 'host_key_mismatch', transient: false });
      expect(fault.message).toContain(sshd.hostKeyFingerprint);
    }
  });
});

describe('an ssh launcher and a machine that does not let it in', () => {
  test('says that a refused port may be tried again, and connectWithRetry counts the tries', async () => {
    await using scene = await machine();
    const launcher = sshLauncher({ ...scene.options, port: await deadPort() });
    const fault = await faultOf(launcher.start({ signal: never }));
    expect(fault).toMatchObject({ code: 'ssh_unreachable', transient: true });
    expect(fault.message).toContain('Connection refused');

    const pauses: number[] = [];
    const pause = async (delayMs: number): Promise<void> => void pauses.push(delayMs);
    const last = await faultOf(connectWithRetry(launcher, { signal: never, pause }));
    expect(last.message).toContain('Connection refused');
    expect(last.message).toContain('(tried 3 times)');
    expect(pauses).toEqual([1000, 2000]);
  });

  test('says that a connection cut in the greeting of ssh may be tried again', async () => {
    await using scene = await machine();
    const server = createServer((socket) => socket.destroy()).listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    const fault = await faultOf(sshLauncher({ ...scene.options, port }).start({ signal: never }));
    server.close();
    expect(fault).toMatchObject({ code: 'ssh_unreachable', transient: true });
  });

  test('says that a refused key is final, and where it belongs', async () => {
    await using scene = await machine();
    const launcher = sshLauncher({ ...scene.options, identityFile: join(scene.sshd.root, 'host_ed25519') });
    const onRetry = vi.fn<NonNullable<ConnectOptions['onRetry']>>();
    const fault = await faultOf(connectWithRetry(launcher, { signal: never, onRetry }));
    expect(onRetry).not.toHaveBeenCalled();
    expect(fault).toMatchObject({ code: 'ssh_unreachable', transient: false });
    expect(fault.message).toContain('Permission denied (publickey)');
    expect(fault.message).toContain('~/.ssh/authorized_keys');
  });

  test('refuses a host or user that ssh or a shell could take for something else', async () => {
    await using scene = await machine();
    const { options } = scene;
    expect(() => sshLauncher({ ...options, host: '-oProxyCommand=id' })).toThrow('is not a host name or address');
    expect(() => sshLauncher({ ...options, user: 'a\nb' })).toThrow('is not a user name');
  });
});

describe('an ssh launcher and what is on the machine', () => {
  test('copies the agent there once, says so, and finds it the next time', async () => {
    await using scene = await machine();
    for (const _ of [1, 2]) await (await scene.launcher.start({ signal: never })).stop();
    const [name, ...others] = await installed(scene.sshd);
    expect(others).toEqual([]);
    expect(name).toMatch(/^holdfast-agent-0-[0-9a-f]{12}\.js$/);
    expect(scene.log.mock.calls).toEqual([
      [{ machine: scene.launcher.name, file: `~/.holdfast/${name}`, bytes: echoAgent.length }, 'agent copied'],
    ]);
    const path = join(scene.sshd.home, '.holdfast', name ?? '');
    expect(await readFile(path, 'utf8')).toBe(echoAgent);
    expect((await stat(path)).mode & 0o777).toBe(0o600);
    expect((await stat(join(path, '..'))).mode & 0o777).toBe(0o700);
  });

  test('copies the agent again when the file there is not whole', async () => {
    await using scene = await machine();
    await (await scene.launcher.start({ signal: never })).stop();
    const [name = ''] = await installed(scene.sshd);
    await writeFile(join(scene.sshd.home, '.holdfast', name), echoAgent.slice(0, 20));
    await (await scene.launcher.start({ signal: never })).stop();
    expect(await readFile(join(scene.sshd.home, '.holdfast', name), 'utf8')).toBe(echoAgent);
  });

  test('does no harm when several gateways copy the agent at once', async () => {
    await using scene = await machine({ agentText: `${echoAgent}// ${'padding '.repeat(100_000)}` });
    const launchers = [1, 2, 3].map(() => sshLauncher(scene.options));
    const links = await Promise.all(launchers.map((launcher) => launcher.start({ signal: never })));
    await Promise.all(links.map((link) => link.stop()));
    expect(await readdir(join(scene.sshd.home, '.holdfast'))).toEqual(await installed(scene.sshd));
    expect(await installed(scene.sshd)).toHaveLength(1);
  });

  test('removes old versions but for the newest few, and never one that runs', async () => {
    await using scene = await machine();
    const old = await scene.launcher.start({ signal: never });
    const [running = ''] = await installed(scene.sshd);
    const folder = join(scene.sshd.home, '.holdfast');
    for (const [index, name] of [running, ...[1, 2, 3, 4, 5, 6].map((n) => `holdfast-agent-0-${n}.js`)].entries()) {
      if (index > 0) await writeFile(join(folder, name), 'old');
      await utimes(join(folder, name), 1_000_000 + index, 1_000_000 + index);
    }
    await writeFile(scene.options.agentFile, `${echoAgent}// newer`);
    const link = await scene.launcher.start({ signal: never });
    const left = await installed(scene.sshd);
    expect(left).toHaveLength(6);
    expect(left).toContain(running);
    expect(left).not.toContain('holdfast-agent-0-1.js');
    expect(left).not.toContain('holdfast-agent-0-2.js');
    expect(left).toContain('holdfast-agent-0-3.js');
    await Promise.all([old.stop(), link.stop()]);
  });

  test('says what to do when ~/.holdfast cannot be written', async () => {
    await using scene = await machine();
    await writeFile(join(scene.sshd.home, '.holdfast'), 'a file in the way');
    const fault = await faultOf(scene.launcher.start({ signal: never }));
    expect(fault).toMatchObject({ code: 'agent_unavailable', transient: false });
    expect(fault.message).toContain(`~/.holdfast cannot be written on ${scene.launcher.name}`);
  });

  test('says that there is no Node, and which ones were too old', async () => {
    await using scene = await machine({
      runtimePlaces: { node: ['"$HOME"/old/*/node'], bun: [] },
      sshd: { programs: ['sh'] },
    });
    await mkdir(join(scene.sshd.home, 'old/18'), { recursive: true });
    await writeFile(join(scene.sshd.home, 'old/18/node'), '#!/bin/sh\necho v18.20.4\n');
    await chmod(join(scene.sshd.home, 'old/18/node'), 0o755);
    const fault = await faultOf(scene.launcher.start({ signal: never }));
    expect(fault).toMatchObject({ code: 'agent_unavailable', transient: false });
    expect(fault.message).toContain('no Node 20 or later and no Bun');
    expect(fault.message).toContain(`(too old: ${scene.sshd.home}/old/18/node 18.20.4)`);
  });

  test('finds a Node that is not on the PATH, and puts its folder there', async () => {
    await using scene = await machine({
      agentText: `process.stdout.write('holdfast-link 1\\n' + process.env.PATH); process.stdin.resume();`,
      runtimePlaces: { node: ['"$HOME"/.nvm/versions/node/*/bin/node'], bun: [] },
      sshd: { programs: 'sh wc mkdir cat mv rm ls tail sync find ps sha256sum'.split(' ') },
    });
    await mkdir(join(scene.sshd.home, '.nvm/versions/node/v24.1.0/bin'), { recursive: true });
    await symlink(process.execPath, join(scene.sshd.home, '.nvm/versions/node/v24.1.0/bin/node'));
    const link = await scene.launcher.start({ signal: never });
    link.stdin.end();
    let path = '';
    for await (const chunk of link.stdout) path += String(chunk);
    await link.stop();
    const { home, root } = scene.sshd;
    expect(path).toBe(`${root}/bin:${home}/.nvm/versions/node/v24.1.0/bin:${home}/.local/bin`);
  });

  test('skips what a login shell says before the link speaks', async () => {
    await using scene = await machine({
      sshd: { forceCommand: `sh -c "echo Welcome; echo to the machine >&2; printf %060000d 0; $SSH_ORIGINAL_COMMAND"` },
    });
    const link = await scene.launcher.start({ signal: never });
    link.stdin.write('frame');
    expect(String((await once(link.stdout, 'data'))[0])).toBe('frame');
    await link.stop();
  });
});

describe('a link over ssh', () => {
  test('ends when its connection is cut, and so does the process over there', async () => {
    await using scene = await machine();
    const link = await scene.launcher.start({ signal: never });
    await scene.sshd.killConnections();
    expect(await link.exited).toMatchObject({ code: 255, stderr: expect.stringContaining('closed by remote host') });
    await nothingLeft(scene.sshd);
    const again = await scene.launcher.start({ signal: never });
    await again.stop();
  });

  test('carries more sessions than sshd allows, because it is one', async () => {
    await using scene = await machine({ sshd: { config: ['MaxSessions 1'] } });
    const link = await scene.launcher.start({ signal: never });
    await link.stop();
  });
});

type Log = NonNullable<SshLauncherOptions['log']>;
type Scene = AsyncDisposable & {
  readonly sshd: TestSshd;
  readonly options: SshLauncherOptions;
  readonly launcher: ReturnType<typeof sshLauncher>;
  readonly log: Mock<Log>;
};

async function machine(
  options: { agentText?: string; sshd?: TestSshdOptions } & Partial<SshLauncherOptions> = {},
): Promise<Scene> {
  const { agentText = echoAgent, sshd: sshdOptions, ...rest } = options;
  const sshd = await startSshd(sshdOptions);
  const log = vi.fn<Log>();
  const all = { ...(await optionsFor(sshd, agentText)), log, ...rest };
  return { sshd, options: all, launcher: sshLauncher(all), log, [Symbol.asyncDispose]: () => sshd.stop() };
}

async function optionsFor(sshd: TestSshd, agentText: string = echoAgent): Promise<SshLauncherOptions> {
  const { host, port, user, identityFile, knownHosts, configFile, root } = sshd;
  const agentFile = join(root, 'agent.js');
  await writeFile(agentFile, agentText);
  return { host, port, user, identityFile, knownHosts, configFile, agentFile, env: { PATH: process.env['PATH'] } };
}

/** The client, the shell and the link over there: all have the folder of this sshd in their arguments. */
async function nothingLeft(sshd: TestSshd): Promise<void> {
  await vi.waitFor(
    async () => {
      const lines = await commandLinesWith(sshd.root);
      expect(lines.filter((line) => !line.includes('sshd_config'))).toEqual([]);
    },
    { timeout: 10_000 },
  );
}

async function installed(sshd: TestSshd): Promise<readonly string[]> {
  const names = await readdir(join(sshd.home, '.holdfast'));
  return names.filter((name) => name.startsWith('holdfast-agent-')).toSorted();
}

/** A port of loopback on which nobody listens. */
async function deadPort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}
