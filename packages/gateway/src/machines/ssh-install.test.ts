import { once } from 'node:events';
import { chmod, mkdir, readdir, readFile, stat, symlink, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeEach, describe, expect, test } from 'vitest';
import { installed, sshScene } from '../../../../test/support/ssh-scene.ts';
import { sshdMissing } from '../../../../test/support/sshd.ts';
import { echoAgent, faultOf } from './launcher.contract.ts';
import { sshLauncher } from './launcher.ssh.ts';

const never = new AbortController().signal;

beforeEach(({ skip }) => skip(sshdMissing !== undefined, sshdMissing));

describe('an ssh launcher and what is on the machine', () => {
  test('copies the agent there once, says so, and finds it the next time', async () => {
    await using scene = await sshScene({ agentText: echoAgent });
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
    await using scene = await sshScene({ agentText: echoAgent });
    await (await scene.launcher.start({ signal: never })).stop();
    const [name = ''] = await installed(scene.sshd);
    await writeFile(join(scene.sshd.home, '.holdfast', name), echoAgent.slice(0, 20));
    await (await scene.launcher.start({ signal: never })).stop();
    expect(await readFile(join(scene.sshd.home, '.holdfast', name), 'utf8')).toBe(echoAgent);
  });

  test('does no harm when several gateways copy the agent at once', async () => {
    await using scene = await sshScene({ agentText: `${echoAgent}// ${'padding '.repeat(100_000)}` });
    const launchers = [1, 2, 3].map(() => sshLauncher(scene.options));
    const links = await Promise.all(launchers.map((launcher) => launcher.start({ signal: never })));
    await Promise.all(links.map((link) => link.stop()));
    expect(await readdir(join(scene.sshd.home, '.holdfast'))).toEqual(await installed(scene.sshd));
    expect(await installed(scene.sshd)).toHaveLength(1);
  });

  test('removes old versions but for the newest few, and never one that runs', async () => {
    await using scene = await sshScene({ agentText: echoAgent });
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
    await using scene = await sshScene({ agentText: echoAgent });
    await writeFile(join(scene.sshd.home, '.holdfast'), 'a file in the way');
    const fault = await faultOf(scene.launcher.start({ signal: never }));
    expect(fault).toMatchObject({ code: 'agent_unavailable', transient: false });
    expect(fault.message).toContain(`~/.holdfast cannot be written on ${scene.launcher.name}`);
  });

  test('says that there is no Node, and which ones were too old', async () => {
    await using scene = await sshScene({
      agentText: echoAgent,
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
    await using scene = await sshScene({
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
    await using scene = await sshScene({
      agentText: echoAgent,
      sshd: { forceCommand: `sh -c "echo Welcome; echo to the machine >&2; printf %060000d 0; $SSH_ORIGINAL_COMMAND"` },
    });
    const link = await scene.launcher.start({ signal: never });
    link.stdin.write('frame');
    expect(String((await once(link.stdout, 'data'))[0])).toBe('frame');
    await link.stop();
  });
});
