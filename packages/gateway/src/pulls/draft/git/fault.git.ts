import { HoldfastError, type ErrorCode } from '@holdfast/protocol';
import type { GitAnswer } from './command.git.ts';

/**
 * What a failed command that spoke with a remote means. `not_found`, `conflict` and `forbidden` are final; `unauthorized` and `unavailable` may pass.
 * `shown` is the remote without user and password.
 */
export function remoteError(answer: GitAnswer, doing: string, shown: string): HoldfastError {
  const [, code, wayOut] = rows.find(([pattern]) => pattern.test(answer.stderr)) ?? unknown;
  const said = lastWords(answer);
  return new HoldfastError(code, `git could not ${doing} ${shown} (${said}). ${wayOut}`);
}

/** The last lines of what git said, short and without user and password of any address. */
export function lastWords({ stderr, code }: GitAnswer): string {
  const lines = stderr
    .replaceAll(/([a-z+]{1,20}:\/\/)[^@/\s]*@/gi, '$1')
    .replaceAll(/[^\P{Cc}\n]/gu, ' ')
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '' && !noise.test(line));
  return lines.slice(-3).join(' | ').slice(-400) || `exit code ${code ?? 'none, a signal ended it'}`;
}

/** What git says to everybody, or says again. */
const noise =
  /^(hint:|warning: filtering not|To |Done$|Please make sure you have|and the repository exists|fatal: Could not read from remote|error: failed to push some refs)/;

type Row = readonly [pattern: RegExp, code: ErrorCode, wayOut: string];

const unknown: Row = [/^/, 'unavailable', 'It is tried again; see whether the remote can be reached from the gateway.'];

/** First match wins. The words are git's own, in the C locale. */
const rows: readonly Row[] = [
  [
    /could not read (Username|Password)|Authentication failed|Permission denied \(|HTTP 401|error: 401|terminal prompts disabled/i,
    'unauthorized',
    "Give pulls.remote an address with a user that may push, or the gateway's user an SSH key.",
  ],
  [/Host key verification failed/, 'unauthorized', "Add the remote's host key to known_hosts of the gateway's user."],
  [
    /dubious ownership/,
    'forbidden',
    "The remote's folder belongs to another user of this machine; give it to the gateway's user, or use an ssh address.",
  ],
  [
    /' exists; cannot create '|directory file conflict/,
    'conflict',
    'A branch there has the name of a folder of this one; delete it there, or change pulls.branchPrefix.',
  ],
  [
    // What was fetched is its newest part, and that is no longer on any branch there.
    /shallow update not allowed/,
    'unavailable',
    'The base branch was moved in that moment; it is tried again.',
  ],
  [
    /hook declined|protected branch|\[remote rejected\](?!.*(failed to update ref|cannot lock ref|unable to|already exists))|error: 403|access denied|not allowed to/i,
    'forbidden',
    "The remote does not take it; see its rules and hooks, and the gateway's rights there.",
  ],
  [
    /repository .* not found|does not appear to be a git repository|not a git repository|does not exist|No such file or directory|error: 404/i,
    'not_found',
    'Correct pulls.remote in the configuration, then ask for the draft again.',
  ],
];
