import { createHash } from 'node:crypto';
import { lstatSync, mkdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { HoldfastError } from '@holdfast/protocol';

/** Where the things of one session lie (docs/protocol.md 7.1). */
export type SessionPaths = {
  readonly folder: string;
  readonly journal: string;
  readonly meta: string;
  readonly pid: string;
  readonly reserve: string;
  readonly log: string;
  readonly socket: string;
};

/** `sun_path` holds 104 bytes on macOS and 108 on Linux, with a NUL at the end. */
const longestSocketPath = 103;

/** The paths of a session; nothing is created. `session` must be safe as a file name. */
export function sessionPaths(stateDir: string, session: string): SessionPaths {
  const folder = join(stateDir, 'runners', session);
  return {
    folder,
    journal: join(folder, 'journal'),
    meta: join(folder, 'meta.json'),
    pid: join(folder, 'runner.pid'),
    reserve: join(folder, 'reserve'),
    log: join(folder, 'log'),
    socket: socketPath(stateDir, session),
  };
}

function socketPath(stateDir: string, session: string): string {
  const near = join(stateDir, 'run', `${session}.sock`);
  if (Buffer.byteLength(near) <= longestSocketPath) return near;
  // Not TMPDIR: a link and an earlier runner may have different ones, and must still meet.
  const name = createHash('sha256').update(near).digest('hex').slice(0, 32);
  return join('/tmp', `holdfast-${process.getuid?.() ?? 'user'}`, `${name}.sock`);
}

/**
 * Makes the folder of a socket, for the user alone. Throws `forbidden` when it is there but somebody else's or open to
 * others: below the temporary directory anybody may have made it first.
 */
export function ensureSocketFolder(socket: string): void {
  const folder = dirname(socket);
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const found = lstatSync(folder);
  const mine = process.getuid === undefined || found.uid === process.getuid();
  if (!found.isDirectory() || !mine || (found.mode & 0o077) !== 0) {
    throw new HoldfastError(
      'forbidden',
      `${folder} must be a folder of yours with mode 0700; remove it or set its mode.`,
    );
  }
}
