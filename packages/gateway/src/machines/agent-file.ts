import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { isRecord, parseJson } from '@holdfast/protocol';
import { launchError, type LaunchError } from './launch-error.ts';

/** The agent's single file, as it is copied to a machine. */
export type AgentFile = {
  readonly bytes: Buffer;
  /** Hexadecimal. */
  readonly sha256: string;
  /** What it is called in `~/.holdfast/` there: other content, other name, so versions live side by side. */
  readonly name: string;
};

/** Reads the file. Rejects with a LaunchError: `agent_unavailable` when it is not there. */
export async function readAgentFile(path: string): Promise<AgentFile> {
  const bytes = await readFile(path).catch((cause: NodeJS.ErrnoException) => {
    throw unreadable(path, cause);
  });
  const sha256 = createHash('sha256').update(bytes).digest('hex');
  return { bytes, sha256, name: `holdfast-agent-${await versionBeside(path)}-${sha256.slice(0, 12)}.js` };
}

function unreadable(path: string, cause: NodeJS.ErrnoException): LaunchError {
  if (cause.code === 'ENOENT') {
    return launchError('agent_unavailable', `The agent's file ${path} is not there; build it (npm run build)`, {
      cause,
    });
  }
  // With too many files open it may be read the next time.
  const transient = cause.code === 'EMFILE' || cause.code === 'ENFILE';
  return launchError('unavailable', `The agent's file ${path} cannot be read (${cause.code})`, { transient, cause });
}

/** The version of the package that the file was built in (`<package>/dist/<file>`); `0` for a file that stands alone. */
async function versionBeside(path: string): Promise<string> {
  if (basename(dirname(path)) !== 'dist') return '0';
  const text = await readFile(join(dirname(path), '..', 'package.json'), 'utf8').catch(() => '');
  const manifest = parseJson(text);
  const version = isRecord(manifest) ? manifest['version'] : undefined;
  return typeof version === 'string' && /^[0-9A-Za-z.+-]{1,40}$/.test(version) ? version : '0';
}
