import { readdir, readFile, writeFile } from 'node:fs/promises';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { sshScene } from '../../../../test/support/ssh-scene.ts';
import { sshdMissing } from '../../../../test/support/sshd.ts';
import { echoAgent, faultOf } from './launcher.contract.ts';
import { sshLauncher } from './launcher.ssh.ts';

const never = new AbortController().signal;

beforeEach(({ skip }) => skip(sshdMissing !== undefined, sshdMissing));

afterEach(() => vi.unstubAllEnvs());

describe('an ssh launcher and the host key', () => {
  test('refuses a machine that known_hosts does not know, with the fingerprint that it presents', async () => {
    await using scene = await sshScene({ agentText: echoAgent });
    await writeFile(scene.sshd.knownHosts, '');
    const fault = await faultOf(scene.launcher.start({ signal: never }));
    expect(fault).toMatchObject({ code: 'host_key_mismatch', transient: false });
    expect(fault.message).toContain(scene.launcher.name);
    expect(fault.message).toContain(`is not known: it presents ssh-ed25519 ${scene.sshd.hostKeyFingerprint}.`);
    expect(fault.message).toContain('hostKey: SHA256:');
    expect(await readFile(scene.sshd.knownHosts, 'utf8')).toBe('');
  });

  test('refuses a machine whose key has changed, with the new fingerprint', async () => {
    await using scene = await sshScene({ agentText: echoAgent });
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
    await using scene = await sshScene({ agentText: echoAgent });
    const { sshd } = scene;
    // Where the private known_hosts is made and must be gone from.
    vi.stubEnv('TMPDIR', sshd.root);
    const pinned = { knownHosts: '/dev/null', hostKey: sshd.hostKeyFingerprint };
    const launcher = sshLauncher({ ...scene.options, ...pinned });
    for (const _ of [1, 2]) {
      const link = await launcher.start({ signal: never });
      await link.stop();
    }
    expect((await readdir(sshd.root)).filter((name) => name.startsWith('holdfast-ssh-'))).toEqual([]);
  });

  test('finds the pinned key among several kinds', async () => {
    await using scene = await sshScene({ agentText: echoAgent, sshd: { hostKeyTypes: ['ed25519', 'ecdsa', 'rsa'] } });
    const { sshd } = scene;
    for (const hostKey of sshd.hostKeyFingerprints) {
      const launcher = sshLauncher({ ...scene.options, hostKey });
      const link = await launcher.start({ signal: never });
      await link.stop();
    }
    expect(new Set(sshd.hostKeyFingerprints).size).toBe(3);
  });

  test('refuses every other key than the one that hostKey names', async () => {
    await using scene = await sshScene({ agentText: echoAgent });
    const { sshd } = scene;
    const hostKey = `SHA256:${'A'.repeat(43)}`;
    const launcher = sshLauncher({ ...scene.options, hostKey });
    const fault = await faultOf(launcher.start({ signal: never }));
    expect(fault).toMatchObject({ code: 'host_key_mismatch', transient: false });
    expect(fault.message).toContain(`it presents ssh-ed25519 ${sshd.hostKeyFingerprint}, hostKey is ${hostKey}.`);
    expect(sshd.log()).not.toContain('Accepted');
  });

  test('notices that the pinned key has changed between two links', async () => {
    await using scene = await sshScene({ agentText: echoAgent });
    const { sshd } = scene;
    const launcher = sshLauncher({ ...scene.options, hostKey: sshd.hostKeyFingerprint });
    await (await launcher.start({ signal: never })).stop();
    await sshd.changeHostKey();
    for (const _ of ['known from before', 'asked anew']) {
      const fault = await faultOf(launcher.start({ signal: never }));
      expect(fault).toMatchObject({ code: 'host_key_mismatch', transient: false });
      expect(fault.message).toContain(sshd.hostKeyFingerprint);
    }
  });
});
