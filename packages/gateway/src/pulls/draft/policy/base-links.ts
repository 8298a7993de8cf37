import type { ChangedFile, ChangeSet } from '@holdfast/protocol';
import { contentOf } from '../git-objects.ts';
import { FilesBelow } from './files-below.ts';
import { Links, type LinkTargets, type Trail } from './links.ts';
import { maxNames, Names } from './names.ts';
import { foldersAbove, quoted, samenessOf } from './paths.ts';
import type { ProtectedPaths } from './protected-paths.ts';

/*
 * Policy knows a path by its letters; through a symbolic link it has others. A draft may neither put a link that leads through one of the base to
 * what is protected, nor change a file that is also known by a protected name, nor give or take such a name by a link above.
 */

/** What a draft stands on. */
export type LinkedBase = {
  readonly links: LinkTargets;
  /** Of all files, links among them; asked for only where it makes a difference. */
  readonly paths: () => readonly string[];
};

/** Whether links can make a difference for the change set, those at these paths of the base or its own; if not, where they lead need not be known. */
export function concernsLinks(
  { files }: ChangeSet,
  basePaths: readonly string[],
  protectedPaths: ProtectedPaths,
): boolean {
  if (files.some(({ mode }) => mode === '120000')) return true;
  if (basePaths.some((path) => protectedPaths.below(path))) return true;
  const links = new Set(basePaths.map(samenessOf));
  return files.some(({ path }) => foldersAbove(samenessOf(path)).some((folder) => links.has(folder)));
}

/** Why a change set may not be published on a base with these links; sentences as those of the policy, empty when it may. */
export function baseLinkFaults(
  changeSet: ChangeSet,
  base: LinkedBase,
  protectedPaths: ProtectedPaths,
): readonly string[] {
  const { files, deletions } = changeSet;
  const touched = new Set([...files.map(({ path }) => path), ...deletions]);
  const before = new Links(base.links);
  const after = new Links(linksAfter(files, base.links, touched));
  const names = new Names([...before.trails(), ...after.trails()]);
  const moved = [before, after].flatMap((links) => movedNames([...touched], links, names));
  const there = new FilesBelow(base.paths);
  return [
    ...files.flatMap(({ path, mode }) =>
      mode === '120000' ? leadsFaults(path, after.trailOf(path), protectedPaths) : [],
    ),
    ...[...touched].flatMap((path) => namesFaults(path, names.of(path), after.placeOf(path) ?? path, protectedPaths)),
    ...moved.flatMap((one) => belowFaults(one, there, protectedPaths)),
    ...(there.isCut ? [tooManyBelow] : []),
  ];
}

const tooManyBelow =
  'The draft changes symbolic links to folders with more in them than can be looked at for what is protected by its name there.';

function linksAfter(files: readonly ChangedFile[], base: LinkTargets, touched: ReadonlySet<string>): LinkTargets {
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

function namesFaults(
  path: string,
  names: ReadonlySet<string>,
  place: string,
  protectedPaths: ProtectedPaths,
): readonly string[] {
  for (const name of [...names, place]) {
    const found = name === path ? undefined : protectedPaths.find(name);
    if (found === undefined) continue;
    const rule = `${quoted(found.pattern)} is protected`;
    return [`The draft changes ${quoted(path)}, which is also ${quoted(name)} through a symbolic link, and ${rule}.`];
  }
  if (names.size < maxNames) return [];
  return [`The draft changes ${quoted(path)}, which has more than ${maxNames} names through symbolic links.`];
}

/** A link that is made, deleted or replaced, or one that leads across it: what lies at `end` is also at `name`. */
type MovedName = { readonly path: string; readonly name: string; readonly end: string; readonly links: Links };

function movedNames(touched: readonly string[], links: Links, names: Names): readonly MovedName[] {
  return touched.flatMap((path) => {
    const end = links.has(path) ? links.trailOf(path).end : undefined;
    return end === undefined ? [] : Array.from(names.of(path), (name) => ({ path, name, end, links }));
  });
}

/** What lies in a folder gets or loses a name with each link to it, although the draft does not touch it. */
function belowFaults(
  { path, name, end, links }: MovedName,
  files: FilesBelow,
  protectedPaths: ProtectedPaths,
): readonly string[] {
  const below = protectedPaths.below(name);
  if (below === undefined) return [];
  for (const rest of files.from(end, links)) {
    const other = `${name}/${rest}`;
    const there = end === '' ? rest : `${end}/${rest}`;
    const found = below.find(other);
    if (found === undefined) continue;
    const rule = `${quoted(found.pattern)} is protected`;
    return [
      `The draft changes the symbolic link ${quoted(path)}, by which ${quoted(there)} is also ${quoted(other)}, and ${rule}.`,
    ];
  }
  return [];
}
