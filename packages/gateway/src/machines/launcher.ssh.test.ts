import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { createServer, type AddressInfo } from 'node:net';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { beforeEach, describe, expect, test, vi } from 'vitest';
import { freePort } from '../../../../test/support/free-port.ts';
import { nothingLeft, sshScene } from '../../../../test/support/ssh-scene.ts';
import { sshdMissing } from '../../../../test/support/sshd.ts';
import { connectWithRetry, type ConnectOptions } from './connect-with-retry.ts';
import { describeLauncher, echoAgent, faultOf } from './launcher.contract.ts';
import { sshLauncher } from './launcher.ssh.ts';

const never = new AbortController().signal;
const builtAgent = fileURLToPath(new URL('../../../agent/dist/holdfast-agent.js', import.meta.url));

beforeEach(({ skip }) => skip(sshdMissing !== undefined, sshdMissing));

describeLauncher('another machine, by ssh', async (agentText, options) => {
  const { sshd, launcher } = await sshScene({ agentText, ...options });
  return { launcher, allGone: () => nothingLeft(sshd), [Symbol.asyncDispose]: () => sshd.stop() };
});

describe('an ssh launcher and a machine that does not let it in', () => {
  test('says that a refused port may be tried again, and connectWithRetry counts the tries', async () => {
    await using scene = await sshScene({ agentText: echoAgent });
    const launcher = sshLauncher({ ...scene.options, port: await freePort() });
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
    await using scene = await sshScene({ agentText: echoAgent });
    const server = createServer((socket) => socket.destroy()).listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    const fault = await faultOf(sshLauncher({ ...scene.options, port }).start({ signal: never }));
    server.close();
    expect(fault).toMatchObject({ code: 'ssh_unreachable', transient: true });
  });

  test('says that a refused key is final, and where it belongs', async () => {
    await using scene = await sshScene({ agentText: echoAgent });
    const launcher = sshLauncher({ ...scene.options, identityFile: join(scene.sshd.root, 'host_ed25519') });
    const onRetry = vi.fn<NonNullable<ConnectOptions['onRetry']>>();
    const fault = await faultOf(connectWithRetry(launcher, { signal: never, onRetry }));
    expect(onRetry).not.toHaveBeenCalled();
    expect(fault).toMatchObject({ code: 'ssh_unreachable', transient: false });
    expect(fault.message).toContain('Permission denied (publickey)');
    expect(fault.message).toContain('~/.ssh/authorized_keys');
  });

  test('refuses a host or user that ssh or a shell could take for something else', async () => {
    await using scene = await sshScene({ agentText: echoAgent });
    const { options } = scene;
    expect(() => sshLauncher({ ...options, host: '-oProxyCommand=id' })).toThrow('is not a host name or address');
    expect(() => sshLauncher({ ...options, user: 'a\nb' })).toThrow('is not a user name');
  });
});

describe('a link over ssh', () => {
  test('ends when its connection is cut, and so does the process over there', async () => {
    await using scene = await sshScene({ agentText: echoAgent });
    const link = await scene.launcher.start({ signal: never });
    await scene.sshd.killConnections();
    expect(await link.exited).toMatchObject({ code: 255, stderr: expect.stringContaining('closed by remote host') });
    await nothingLeft(scene.sshd);
    const again = await scene.launcher.start({ signal: never });
    await again.stop();
  });

  test('carries more sessions than sshd allows, because it is one', async () => {
    await using scene = await sshScene({ agentText: echoAgent, sshd: { config: ['MaxSessions 1'] } });
    const link = await scene.launcher.start({ signal: never });
    await link.stop();
  });

  test('goes through a jump host of the ssh configuration', async () => {
    await using hop = await sshScene({ agentText: echoAgent });
    await using scene = await sshScene({ agentText: echoAgent });
    const { host, port, user, identityFile, knownHosts, configFile } = hop.sshd;
    const hopLines = [`HostName ${host}`, `Port ${port}`, `User ${user}`, `IdentityFile ${identityFile}`];
    await writeFile(
      configFile,
      [
        'Host hop',
        ...hopLines,
        `UserKnownHostsFile ${knownHosts}`,
        'Host shop',
        'ProxyJump hop',
        `HostName ${host}`,
      ].join('\n'),
    );
    const options = { ...scene.options, host: 'shop', configFile, hostKey: scene.sshd.hostKeyFingerprint };
    const link = await sshLauncher(options).start({ signal: never });
    link.stdin.write('frame');
    expect(String((await once(link.stdout, 'data'))[0])).toBe('frame');
    await link.stop();
    await nothingLeft(hop.sshd);

    await writeFile(knownHosts, '');
    const fault = await faultOf(sshLauncher(options).start({ signal: never }));
    expect(fault).toMatchObject({ code: 'host_key_mismatch', transient: false });
    expect(fault.message).toContain('or of a jump host on the way to it, is not known');
  });

  test('is what the built agent speaks', async ({ skip }) => {
    skip(!existsSync(builtAgent), 'the agent is not built (npm run build)');
    await using scene = await sshScene({ agentText: '', agentFile: builtAgent });
    const link = await scene.launcher.start({ signal: never });
    link.stdin.end();
    expect(await link.exited).toMatchObject({ code: 0 });
    const cut = await scene.launcher.start({ signal: never });
    await scene.sshd.killConnections();
    await cut.exited;
    await nothingLeft(scene.sshd);
  });
});
