import { spawnSync } from 'node:child_process';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { faultsOfSshTarget, nameOfSshTarget, sshArguments, type SshTarget } from './ssh-target.ts';

const shop: SshTarget = { host: '10.0.0.7', port: 2222, user: 'coder' };

describe('a target of ssh', () => {
  test.each([
    { host: 'shop' },
    { host: 'shop.example.com', port: 22, user: 'ada' },
    { host: 'fe80::1%eth0', user: 'ada.l-b@corp', port: 65_535 },
    {
      host: '10.0.0.7',
      identityFile: '~/.ssh/id_ed25519',
      knownHosts: '/srv/my hosts',
      hostKey: `SHA256:${'a'.repeat(43)}`,
    },
  ] satisfies SshTarget[])('may be %j', (target) => {
    expect(faultsOfSshTarget(target)).toEqual([]);
  });

  test.each([
    { host: '' },
    { host: '-oProxyCommand=touch /tmp/x' },
    { host: 'shop\nProxyCommand touch' },
    { host: 'shop;touch' },
    { host: '$(touch x)' },
    { host: 'ada@shop' },
    { host: 'ssh://shop' },
    { host: 'shop', user: '-l' },
    { host: 'shop', user: 'ada\n' },
    { host: 'shop', user: '`id`' },
    { host: 'shop', port: 0 },
    { host: 'shop', port: 22.5 },
    { host: 'shop', port: 70_000 },
    { host: 'shop', hostKey: 'MD5:00:11' },
    { host: 'shop', hostKey: 'SHA256:short' },
    { host: 'shop', identityFile: '-v' },
    { host: 'shop', identityFile: '' },
    { host: 'shop', knownHosts: '/tmp/a"b' },
    { host: 'shop', knownHosts: '/tmp/a\nProxyCommand b' },
  ] satisfies SshTarget[])('may not be %j', (target) => {
    expect(faultsOfSshTarget(target)).toHaveLength(1);
  });

  test('says all that is wrong with it at once', () => {
    expect(faultsOfSshTarget({ host: '-a', user: '-b', port: -1, hostKey: 'x' })).toHaveLength(4);
  });

  test('is called by what it was given, in the words of ssh', () => {
    expect(nameOfSshTarget(shop)).toBe('coder@10.0.0.7:2222');
    expect(nameOfSshTarget({ host: 'shop' })).toBe('shop');
    expect(nameOfSshTarget({ host: '::1', port: 22 })).toBe('[::1]:22');
  });

  test('never has a character that a shell reads something into, wherever it stands', () => {
    const plain = fc.stringMatching(/^[a-z0-9.-]{0,8}$/);
    const risky = fc.constantFrom(...';&|$`"\'\\<>(){}[]*?!#~= \t\n\r\0'.split(''));
    fc.assert(
      fc.property(plain, risky, plain, (before, character, after) => {
        const word = `${before}${character}${after}`;
        expect(faultsOfSshTarget({ host: word, user: word })).toHaveLength(2);
      }),
    );
  });

  test('never begins like an option', () => {
    fc.assert(
      fc.property(fc.string(), (rest) => {
        expect(faultsOfSshTarget({ host: `-${rest}`, user: `-${rest}` })).toHaveLength(2);
      }),
    );
  });
});

describe('the arguments of ssh', () => {
  test('end with the host and the command, behind which nothing is an option', () => {
    const args = sshArguments(shop, { kind: 'known' }, '-v');
    expect(args.slice(-7)).toEqual(['-p', '2222', '-l', 'coder', '--', '10.0.0.7', '-v']);
  });

  test('never let ssh ask a person, share a connection, or go on with a key that is not known', () => {
    const args = { ...effective({ kind: 'known' }) };
    expect(args).toMatchObject({
      batchmode: 'yes',
      stricthostkeychecking: 'true',
      controlmaster: 'false',
      requesttty: 'false',
      forwardagent: 'no',
      forwardx11: 'no',
      escapechar: 'none',
      permitlocalcommand: 'no',
      user: 'coder',
      port: '2222',
    });
    const { serveraliveinterval, serveralivecountmax } = args;
    expect(Number(serveraliveinterval) * (Number(serveralivecountmax) + 1)).toBeLessThanOrEqual(30);
  });

  test('look at the pinned file and nothing else when a key is pinned', () => {
    expect(effective({ kind: 'pinned', knownHostsFile: '/tmp/of 100%/known_hosts' })).toMatchObject({
      stricthostkeychecking: 'true',
      userknownhostsfile: '/tmp/of 100%/known_hosts',
      globalknownhostsfile: '/dev/null',
      verifyhostkeydns: 'false',
    });
  });

  test('authenticate nobody when only the key of the machine is asked for', () => {
    const probe = { kind: 'probe', knownHostsFile: '/tmp/known_hosts', algorithms: 'ssh-ed25519' } as const;
    expect(effective(probe)).toMatchObject({
      stricthostkeychecking: 'accept-new',
      preferredauthentications: 'none',
      hostkeyalgorithms: 'ssh-ed25519',
    });
  });
});

/** What the installed ssh itself makes of the arguments (`ssh -G`). */
function effective(policy: Parameters<typeof sshArguments>[1]): Readonly<Record<string, string>> {
  const args = sshArguments({ ...shop, configFile: '/dev/null' }, policy, 'true');
  const { stdout, stderr } = spawnSync('ssh', ['-G', ...args], { encoding: 'utf8' });
  expect(stderr).toBe('');
  return Object.fromEntries(
    stdout.split('\n').map((line) => [line.split(' ', 1)[0], line.slice(line.indexOf(' ') + 1)]),
  );
}
