import { launchError, type LaunchError } from './launch-error.ts';
import type { SshFailure } from './ssh-failure.ts';
import { knownHostsNameOf, nameOfSshTarget, type SshTarget } from './ssh-target.ts';

/**
 * ssh's failure as the error that people read: which machine, what happened, the way out.
 * `presented` is the host key that the machine shows, where ssh did not say it.
 */
export function sshError(target: SshTarget, failure: SshFailure, stderr: string, presented?: string): LaunchError {
  const { message, code, transient } = describe(target, failure, presented);
  return launchError(code, message, { transient, cause: new Error(stderr.trim()) });
}

/** The machine presented other keys than the one that `hostKey` names. */
export function pinMismatch(target: SshTarget, presented: readonly string[]): LaunchError {
  return launchError(
    'host_key_mismatch',
    `The host key of ${nameOfSshTarget(target)} is not the one that hostKey names: it presents ${presented.join(', ')}, ` +
      `hostKey is ${target.hostKey}. If the machine was given a new key, set hostKey to it; otherwise somebody may be listening in`,
  );
}

type Description = Pick<LaunchError, 'message' | 'code' | 'transient'>;

function describe(target: SshTarget, failure: SshFailure, presented: string | undefined): Description {
  const machine = nameOfSshTarget(target);
  switch (failure.kind) {
    case 'host_key_changed':
      return hostKeyMismatch(
        `The host key of ${placeOf(target, failure.host)} has changed` +
          `${presents(failure.fingerprint ?? presented)}. If that is right, remove the old key ` +
          `(ssh-keygen -R '${failure.host ?? knownHostsNameOf(target)}') and add the new one to known_hosts, ` +
          'or name it as hostKey; otherwise somebody may be listening in',
      );
    case 'host_key_revoked':
      return hostKeyMismatch(
        `The host key of ${placeOf(target, failure.host)} is marked as revoked${presents(presented)}. ` +
          'Give the machine a new key, and put that into known_hosts',
      );
    case 'host_key_unknown':
      return hostKeyMismatch(
        `The host key of ${unknownPlace(target, failure.host, presented)} is not known${presents(presented)}. Compare that with the ` +
          'fingerprint shown on the machine itself (ssh-keygen -lf /etc/ssh/ssh_host_ed25519_key.pub), ' +
          'then add the key to known_hosts, or name it as hostKey: SHA256:…',
      );
    case 'denied':
      return {
        code: 'ssh_unreachable',
        transient: false,
        message:
          `${failure.by === undefined ? machine : placeOf(target, failure.by)} refuses the key: ${failure.reason} ` +
          "Add the gateway's public key to ~/.ssh/authorized_keys there, or check user and identityFile " +
          '(a key with a passphrase needs an ssh-agent)',
      };
    case 'misconfigured':
      return {
        code: 'ssh_unreachable',
        transient: false,
        message: `ssh cannot connect to ${machine}: ${failure.reason}; mend the ssh configuration of either side`,
      };
    case 'transient':
      return {
        code: 'ssh_unreachable',
        transient: true,
        message: `${machine} cannot be reached: ${failure.reason}; check host and port, and that sshd runs there`,
      };
  }
}

function hostKeyMismatch(message: string): Description {
  return { code: 'host_key_mismatch', transient: false, message };
}

/** Names the machine, and also the one on the way to it that ssh speaks of, if that is another. */
function placeOf(target: SshTarget, said: string | undefined): string {
  const machine = nameOfSshTarget(target);
  if (said === undefined || said === knownHostsNameOf(target) || said.split('@').at(-1) === target.host) return machine;
  return `${said} (on the way to ${machine}, or its other name)`;
}

/** Where neither ssh nor the machine said whose key it is, the way may have ended before the machine. */
function unknownPlace(target: SshTarget, said: string | undefined, presented: string | undefined): string {
  const isNamed = said !== undefined || presented !== undefined;
  return isNamed ? placeOf(target, said) : `${nameOfSshTarget(target)}, or of a jump host on the way to it,`;
}

function presents(fingerprint: string | undefined): string {
  return fingerprint === undefined ? '' : `: it presents ${fingerprint}`;
}
