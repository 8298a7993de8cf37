import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { classifySshFailure, type SshFailure } from './ssh-failure.ts';

/** As OpenSSH 9.2 said it with LogLevel INFO. */
const recorded: readonly { readonly when: string; readonly stderr: string; readonly is: SshFailure }[] = [
  {
    when: 'the key is not in known_hosts',
    stderr:
      'No ED25519 host key is known for [127.0.0.1]:40222 and you have requested strict checking.\nHost key verification failed.\n',
    is: {
      kind: 'host_key_unknown',
      host: '[127.0.0.1]:40222',
      reason: 'No ED25519 host key is known for [127.0.0.1]:40222 and you have requested strict checking.',
    },
  },
  {
    when: 'the key has changed',
    stderr: `@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@
@    WARNING: REMOTE HOST IDENTIFICATION HAS CHANGED!     @
@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@
IT IS POSSIBLE THAT SOMEONE IS DOING SOMETHING NASTY!
Someone could be eavesdropping on you right now (man-in-the-middle attack)!
It is also possible that a host key has just been changed.
The fingerprint for the ED25519 key sent by the remote host is
SHA256:c+wDb2ckWuC4cqCRRCINJsyzsADR7ksG5KyFRn2F9mw.
Please contact your system administrator.
Add correct host key in /tmp/known_hosts to get rid of this message.
Offending ED25519 key in /tmp/known_hosts:1
  remove with:
  ssh-keygen -f "/tmp/known_hosts" -R "[127.0.0.1]:40222"
Host key for [127.0.0.1]:40222 has changed and you have requested strict checking.
Host key verification failed.\r\n`,
    is: {
      kind: 'host_key_changed',
      host: '[127.0.0.1]:40222',
      fingerprint: 'ED25519 SHA256:c+wDb2ckWuC4cqCRRCINJsyzsADR7ksG5KyFRn2F9mw',
      reason: 'Host key for [127.0.0.1]:40222 has changed and you have requested strict checking.',
    },
  },
  {
    when: 'the key is revoked',
    stderr: `@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@
@       WARNING: REVOKED HOST KEY DETECTED!               @
@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@
The ED25519 host key for [127.0.0.1]:40222 is marked as revoked.
This could mean that a stolen key is being used to
impersonate this host.
ED25519 host key for [127.0.0.1]:40222 was revoked and you have requested strict checking.
Host key verification failed.\n`,
    is: {
      kind: 'host_key_revoked',
      host: '[127.0.0.1]:40222',
      reason: 'ED25519 host key for [127.0.0.1]:40222 was revoked and you have requested strict checking.',
    },
  },
  {
    when: 'the key of a jump host is not known',
    stderr: `Host key verification failed.
kex_exchange_identification: Connection closed by remote host
Connection closed by UNKNOWN port 65535\n`,
    is: { kind: 'host_key_unknown', reason: 'Host key verification failed.' },
  },
  {
    when: 'the user key is refused',
    stderr: 'root@127.0.0.1: Permission denied (publickey).\n',
    is: { kind: 'denied', by: 'root@127.0.0.1', reason: 'root@127.0.0.1: Permission denied (publickey).' },
  },
  {
    when: 'others may read the user key',
    stderr: `@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@
@         WARNING: UNPROTECTED PRIVATE KEY FILE!          @
@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@
Permissions 0644 for 'open' are too open.
It is required that your private key files are NOT accessible by others.
This private key will be ignored.
Load key "open": bad permissions
root@127.0.0.1: Permission denied (publickey).\n`,
    is: { kind: 'denied', by: 'root@127.0.0.1', reason: 'root@127.0.0.1: Permission denied (publickey).' },
  },
  {
    when: 'too many keys were offered',
    stderr: `Received disconnect from 127.0.0.1 port 40222:2: Too many authentication failures
Disconnected from 127.0.0.1 port 40222\n`,
    is: {
      kind: 'denied',
      reason: 'Received disconnect from 127.0.0.1 port 40222:2: Too many authentication failures',
    },
  },
  {
    when: 'a jump host refuses the key',
    stderr: `ada@127.0.0.1: Permission denied (publickey).
kex_exchange_identification: Connection closed by remote host
Connection closed by UNKNOWN port 65535\n`,
    is: { kind: 'denied', by: 'ada@127.0.0.1', reason: 'ada@127.0.0.1: Permission denied (publickey).' },
  },
  {
    when: 'there is no common algorithm',
    stderr:
      'Unable to negotiate with 127.0.0.1 port 40222: no matching host key type found. Their offer: ssh-ed25519\n',
    is: {
      kind: 'misconfigured',
      reason:
        'Unable to negotiate with 127.0.0.1 port 40222: no matching host key type found. Their offer: ssh-ed25519',
    },
  },
  {
    when: 'the configuration has a mistake',
    stderr: 'command-line: line 0: Bad configuration option: foo\n',
    is: { kind: 'misconfigured', reason: 'command-line: line 0: Bad configuration option: foo' },
  },
  ...transient('nobody listens', ['ssh: connect to host 127.0.0.1 port 1: Connection refused']),
  ...transient('the name is not known', [
    'ssh: Could not resolve hostname no.such.host.invalid: Name or service not known',
  ]),
  ...transient('a jump host does not listen', [
    'ssh: connect to host 127.0.0.1 port 1: Connection refused',
    'kex_exchange_identification: Connection closed by remote host',
    'Connection closed by UNKNOWN port 65535',
  ]),
  ...transient('nobody listens behind a jump host', [
    'channel 0: open failed: connect failed: Connection refused',
    'stdio forwarding failed',
    'kex_exchange_identification: Connection closed by remote host',
    'Connection closed by UNKNOWN port 65535',
  ]),
  ...transient('there are too many sessions', ['channel 0: open failed: connect failed: open failed']),
  ...transient('the server closes at once', [
    'kex_exchange_identification: Connection closed by remote host',
    'Connection closed by 127.0.0.1 port 40301',
  ]),
  ...transient('the server resets at once', [
    'kex_exchange_identification: read: Connection reset by peer',
    'Connection reset by 127.0.0.1 port 40302',
  ]),
  ...transient('the server does not speak', [
    'Connection timed out during banner exchange',
    'Connection to 127.0.0.1 port 40303 timed out',
  ]),
  ...transient('the server closes while keys are exchanged', ['Connection closed by 127.0.0.1 port 40306']),
  ...transient('the server no longer answers', ['Timeout, server 127.0.0.1 not responding.']),
  ...transient('the connection is cut', ['Connection to 127.0.0.1 closed by remote host.']),
  {
    when: 'nothing was said',
    stderr: '',
    is: { kind: 'transient', reason: 'ssh ended without a word' },
  },
  {
    when: 'a proxy command is missing',
    stderr: `/bin/bash: line 1: /nosuch: No such file or directory
kex_exchange_identification: Connection closed by remote host
Connection closed by UNKNOWN port 65535\n`,
    is: { kind: 'transient', reason: 'kex_exchange_identification: Connection closed by remote host' },
  },
];

function transient(when: string, lines: readonly string[]): typeof recorded {
  return [{ when, stderr: `${lines.join('\r\n')}\r\n`, is: { kind: 'transient', reason: lines[0] ?? '' } }];
}

describe('what ssh says when it fails', () => {
  test.each(recorded)('is understood when $when', ({ stderr, is }) => {
    expect(classifySshFailure(stderr)).toEqual(is);
  });

  test.each(recorded)('is understood behind a greeting of the server, when $when', ({ stderr, is }) => {
    if (stderr !== '') expect(classifySshFailure(`*** Authorized use only ***\n\n${stderr}`)).toEqual(is);
  });

  test('is never unread, whatever it is', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (stderr) => {
        expect(classifySshFailure(stderr).reason).not.toBe('');
      }),
    );
  });
});
