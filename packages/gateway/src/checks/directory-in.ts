import { posix } from 'node:path';
import { HoldfastError } from '@holdfast/protocol';

/**
 * The way from a project to a directory of it; `.` is its own. Throws `bad_message` when it leads out of the project; links are
 * followed over there, by who runs the checks.
 */
export function directoryIn(project: string, workingDir = '.'): string {
  // A project's path on another machine may be relative to the home there, which is not known here.
  const directory = posix.isAbsolute(workingDir) ? posix.normalize(workingDir) : posix.join(project, workingDir);
  const way = posix.relative(project, directory);
  if (way !== '..' && !way.startsWith('../') && !workingDir.includes('\0')) return way === '' ? '.' : way;
  throw new HoldfastError('bad_message', `"workingDir" must lie in the project, and ${workingDir} does not.`);
}
