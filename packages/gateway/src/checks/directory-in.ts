import { posix } from 'node:path';
import { HoldfastError } from '@holdfast/protocol';

/**
 * A directory of a project as an absolute path, or the project's own. Throws `bad_message` when it leads out of the project; links
 * are followed over there, by who runs the checks.
 */
export function directoryIn(project: string, workingDir = '.'): string {
  const directory = posix.resolve(project, workingDir);
  const way = posix.relative(project, directory);
  if (way !== '..' && !way.startsWith('../') && !workingDir.includes('\0')) return directory;
  throw new HoldfastError('bad_message', `"workingDir" must lie in the project, and ${workingDir} does not.`);
}
