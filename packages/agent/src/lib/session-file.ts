import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

/** What is kept of a vendor's session, so that a later process can go on with it. */
export type SavedSession = {
  readonly sessionId: string;
  /** What the vendor says the session has cost so far, in micro-dollars; it counts per session, we count per turn. */
  readonly costMicros?: number;
};

/** The file of a session of an agent under STORAGE_DIR. */
export function sessionFile(storageDir: string, agent: string, session: string): string {
  return join(storageDir, 'sessions', `${encodeURIComponent(agent)}-${encodeURIComponent(session)}.json`);
}

/** Undefined when there is none, or it is damaged: then the agent begins anew. */
export function readSession(path: string | undefined): SavedSession | undefined {
  if (path === undefined) return undefined;
  try {
    const saved = JSON.parse(readFileSync(path, 'utf8')) as Partial<SavedSession>;
    return typeof saved.sessionId === 'string' ? (saved as SavedSession) : undefined;
  } catch {
    return undefined;
  }
}

/** Replaces the file in one step. The storage folder lies in somebody's repository, so it tells git to look away. */
export function writeSession(path: string | undefined, session: SavedSession): void {
  if (path === undefined) return;
  const folder = dirname(path);
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  writeFileSync(join(dirname(folder), '.gitignore'), '*\n');
  const partial = `${path}.${process.pid}.tmp`;
  writeFileSync(partial, JSON.stringify(session), { mode: 0o600 });
  renameSync(partial, path);
}
