import type { ChangeSet } from '@holdfast/protocol';
import { contentOf } from '../git-objects.ts';
import { Links, restBelow, type LinkTargets, type Trail } from './links.ts';
import { quoted } from './paths.ts';
import type { ProtectedPaths } from './protected-paths.ts';

/*
 * Policy knows a path by its letters; through a symbolic link of the base it has others. A draft may neither put a link that leads through one of
 * them to what is protected, nor change a file that is also known by a protected name.
 */

/** More names than that no file has by accident. */
const maxNames = 1000;

/** Whether the links at these paths of the base can make a difference for the change set; if not, where they lead need not be known. */
export function concernsLinks(
  { files }: ChangeSet,
  basePaths: readonly string[],
  protectedPaths: ProtectedPaths,
): boolean {
  if (basePaths.length === 0) return false;
  return files.some(({ mode }) => mode === '120000') || basePaths.some((path) => protectedPaths.mayLeadTo(path));
}

/** Why a change set may not be published on a base with these links; sentences as those of the policy, empty when it may. */
export function baseLinkFaults(
  changeSet: ChangeSet,
  base: LinkTargets,
  protectedPaths: ProtectedPaths,
): readonly string[] {
  const { files, deletions } = changeSet;
  const [before, after] = [new Links(base), new Links(linksAfter(changeSet, base))];
  const trails = [...before.trails(), ...after.trails()];
  return [
    ...files.flatMap(({ path, mode }) =>
      mode === '120000' ? leadsFaults(path, after.trailOf(path), protectedPaths) : [],
    ),
    ...[...files.map(({ path }) => path), ...deletions].flatMap((path) => namesFaults(path, trails, protectedPaths)),
  ];
}

function linksAfter({ files, deletions }: ChangeSet, base: LinkTargets): LinkTargets {
  const touched = new Set([...files.map(({ path }) => path), ...deletions]);
  const left = [...base].filter(([path]) => !touched.has(path));
  const made = files.filter(({ mode }) => mode === '120000');
  return new Map([...left, ...made.map((link) => [link.path, contentOf(link).toString()] as const)]);
}

function leadsFaults(path: string, { end, through }: Trail, protectedPaths: ProtectedPaths): readonly string[] {
  // What it leads to without another link, the policy has seen.
  const [, other] = through;
  if (other === undefined) return [];
  const leads = `The symbolic link ${quoted(path)} leads through ${quoted(other)}, a link of the base,`;
  if (end === undefined) return [`${leads} out of the repository, or round in a circle.`];
  if (end === '') return [`${leads} to the root of the repository, in which protected paths lie.`];
  const places = [...through.slice(1), end];
  const place = places.find((one) => protectedPaths.find(one) !== undefined);
  if (place === undefined) return [];
  return [`${leads} to ${quoted(place)}, and ${quoted(protectedPaths.find(place)?.pattern ?? '')} is protected.`];
}

function namesFaults(path: string, trails: readonly Trail[], protectedPaths: ProtectedPaths): readonly string[] {
  const names = namesOf(path, trails);
  for (const name of names) {
    const found = name === path ? undefined : protectedPaths.find(name);
    if (found === undefined) continue;
    const rule = `${quoted(found.pattern)} is protected`;
    return [`The draft changes ${quoted(path)}, which is also ${quoted(name)} through a symbolic link, and ${rule}.`];
  }
  if (names.size < maxNames) return [];
  return [`The draft changes ${quoted(path)}, which has more than ${maxNames} names through symbolic links.`];
}

/** A path, and all by which it is known too. */
function namesOf(path: string, trails: readonly Trail[]): ReadonlySet<string> {
  const names = new Set([path]);
  const found = [{ name: path, used: new Set<string>() }];
  for (const { name, used } of found) {
    for (const { end, through } of trails) {
      const [link = ''] = through;
      const rest = restThrough(name, { end, through }, name === path);
      // Through the same one twice there is nothing new, and no end to it.
      if (rest === undefined || used.has(link)) continue;
      const other = rest === '' ? link : `${link}/${rest}`;
      if (names.has(other)) continue;
      names.add(other);
      if (names.size >= maxNames) return names;
      found.push({ name: other, used: new Set([...used, link]) });
    }
  }
  return names;
}

/** What of a name lies below the place to which a link leads. Whoever changes what is on its way there changes the link itself. */
function restThrough(name: string, { end, through }: Trail, isOnDisk: boolean): string | undefined {
  const isOnTheWay = [...through.slice(1), ...(end === undefined ? [] : [end])].some(
    (place) => restBelow(place, name) !== undefined,
  );
  if (isOnDisk && isOnTheWay) return '';
  return end === undefined ? undefined : restBelow(name, end);
}
