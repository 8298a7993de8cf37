import type { ChangedFile } from '@holdfast/protocol';
import { contentOf } from '../git-objects.ts';
import { foldersAbove, pathFault, quoted, samenessOf } from './paths.ts';
import type { ProtectedPaths } from './protected-paths.ts';

/** Why the symbolic links of a change set may not be published; each may lead to an unprotected place in the repository only. */
export function linkFaults(files: readonly ChangedFile[], protectedPaths: ProtectedPaths): readonly string[] {
  const links = files.filter(({ mode }) => mode === '120000');
  const byPlace = new Map(links.map((link) => [samenessOf(link.path), link.path]));
  return links.flatMap((link) => {
    const fault = faultOf(link, byPlace, protectedPaths);
    return fault === undefined ? [] : [`The symbolic link ${quoted(link.path)} ${fault}.`];
  });
}

function faultOf(
  link: ChangedFile,
  links: ReadonlyMap<string, string>,
  protectedPaths: ProtectedPaths,
): string | undefined {
  const content = contentOf(link);
  const target = content.toString('utf8');
  if (!Buffer.from(target).equals(content)) return 'leads to a path that is not UTF-8';
  if (target === '') return 'leads nowhere: its content is empty';
  if (target.startsWith('/')) return `leads to the absolute path ${quoted(target)}`;
  const place = resolved(link.path, target);
  if (place === undefined) return `leads out of the repository, to ${quoted(target)}`;
  if (place === '') return `leads to the root of the repository, in which protected paths lie`;
  if (goesUpAgain(target)) return `leads to ${quoted(target)}, up again from a folder that may itself be a link`;
  const fault = pathFault(place);
  if (fault !== undefined) return `leads to ${quoted(target)}, which ${fault}`;
  const through = [...foldersAbove(place), place].map((folder) => links.get(samenessOf(folder)));
  const other = through.find((path) => path !== undefined);
  if (other !== undefined) return `leads through the symbolic link ${quoted(other)} of the same draft`;
  const found = protectedPaths.find(place);
  if (found === undefined) return undefined;
  return found.relation === 'protected'
    ? `leads to ${quoted(place)}, and ${quoted(found.pattern)} is protected`
    : `leads to the folder ${quoted(place)}, above ${quoted(found.pattern)}, which is protected`;
}

/** Where a link leads, from the root; empty: the root itself; undefined: outside. */
function resolved(from: string, target: string): string | undefined {
  const parts = from.split('/').slice(0, -1);
  for (const part of target.split('/')) {
    if (part === '' || part === '.') continue;
    if (part !== '..') parts.push(part);
    else if (parts.pop() === undefined) return undefined;
  }
  return parts.join('/');
}

/** What is above a folder that is a link, of this draft or of its base, is not what the letters say. */
function goesUpAgain(target: string): boolean {
  const parts = target.split('/').filter((part) => part !== '' && part !== '.');
  return parts.some((part, at) => part === '..' && at > 0 && parts[at - 1] !== '..');
}
