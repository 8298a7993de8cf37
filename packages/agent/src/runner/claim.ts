import { mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { isAlive, processStamp } from './processes.ts';

/**
 * The right to be the runner of a session.
 *
 * A claim is an empty file in the session's folder that is named after its process: `claim.<pid>.<stamp>`. Whoever wants
 * the session writes its own claim first and then looks at the others: if another living process has one, it takes its
 * own back. Of two that come at once the one that wrote later must see the other, so never do both go on; it may be that
 * neither does, and both try again. A name says for ever which process it meant (pid, start and boot), so the claim of a
 * dead one may be removed by anybody at any time, without the races of a lock file that is taken over.
 */
export type Claim = { release(): void };

const prefix = 'claim.';

/** The claim, or undefined when another living process has one. The folder is made when it is not there. */
export function claimSession(folder: string): Claim | undefined {
  const own = `${prefix}${process.pid}.${processStamp(process.pid) ?? ''}`;
  const path = join(folder, own);
  writeClaim(folder, path);
  for (const name of readdirSync(folder)) {
    if (!name.startsWith(prefix) || name === own) continue;
    const [, pid, stamp] = name.split('.');
    if (isAlive(Number(pid), stamp ?? '')) {
      rmSync(path, { force: true });
      return undefined;
    }
    rmSync(join(folder, name), { force: true });
  }
  return { release: () => rmSync(path, { force: true }) };
}

/** True while a living process has the claim on the session. The folder may not be there at all. */
export function isClaimed(folder: string): boolean {
  return namesIn(folder).some((name) => {
    const [, pid, stamp] = name.startsWith(prefix) ? name.split('.') : [];
    return pid !== undefined && isAlive(Number(pid), stamp ?? '');
  });
}

function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    return [];
  }
}

function writeClaim(folder: string, path: string): void {
  for (;;) {
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    try {
      writeFileSync(path, '', { mode: 0o600 });
      return;
    } catch (error) {
      // A runner that ends removes the folder when it is empty; it may have done so between our two steps.
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    }
  }
}
