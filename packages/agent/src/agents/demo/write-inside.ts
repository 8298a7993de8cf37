import { mkdirSync, lstatSync, realpathSync, writeFileSync } from 'node:fs';
import { dirname, isAbsolute, relative, resolve, sep } from 'node:path';

/** Writes a file in the workspace, making its folders. Throws an Error with a sentence for a path that leads out of it. */
export function writeInside(workspace: string, path: string, content: string): void {
  const root = realpathSync(workspace);
  const target = resolve(root, path);
  // Where a link points decides, not how the path is spelled; what does not exist yet cannot be a link.
  const real = realpathOfExisting(target);
  if (!isInside(root, target) || !isInside(root, real)) {
    throw new Error(`${path} lies outside of the workspace; name a path inside it.`);
  }
  mkdirSync(dirname(target), { recursive: true });
  writeFileSync(target, content);
}

function realpathOfExisting(path: string): string {
  if (lstatSync(path, { throwIfNoEntry: false }) === undefined) return realpathOfExisting(dirname(path));
  try {
    return realpathSync(path);
  } catch (cause) {
    throw new Error(`${path} is a link that leads nowhere; remove it.`, { cause });
  }
}

function isInside(root: string, path: string): boolean {
  const way = relative(root, path);
  return way !== '..' && !way.startsWith(`..${sep}`) && !isAbsolute(way);
}
