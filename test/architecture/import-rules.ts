import type { Import } from './source-file.ts';
import type { Place } from './place.ts';

/** What an import names, as the rules see it. */
export type Target =
  | { readonly kind: 'node'; readonly name: string }
  | { readonly kind: 'vendor'; readonly name: string }
  | { readonly kind: 'workspace'; readonly name: string }
  | { readonly kind: 'file'; readonly place: Place; readonly path: string }
  | { readonly kind: 'outside'; readonly path: string };

/** A row of "a file in … may import …": whom it is about, and which of its imports are allowed. */
export type ImportRule = {
  readonly of: string;
  readonly applies: (from: Place) => boolean;
  readonly allows: (target: Target, from: Place, what: Import) => boolean;
};

/** Which of our packages a package may import. */
const packageTable: Readonly<Record<string, readonly string[]>> = {
  protocol: [],
  client: ['protocol'],
  agent: ['protocol'],
  gateway: ['protocol'],
  console: ['client', 'protocol'],
};

/** Packages that also run in a browser, and so know nothing of Node. */
const anyRuntime: readonly string[] = ['protocol', 'client', 'console'];

/** The files that may know concrete adapters: they put the parts together, or export them by name. */
const assemblers: ReadonlySet<string> = new Set(['compose.ts', 'main.ts', 'index.ts']);

const isAdapter = (target: Target): boolean => target.kind === 'file' && target.place.kind === 'adapter';
const isPure = (target: Target): boolean => target.kind === 'file' && target.place.kind === 'pure';
const isPort = (target: Target): boolean => target.kind === 'file' && target.place.kind === 'port';
const isRoom = (target: Target, ...rooms: readonly string[]): boolean =>
  target.kind === 'file' && rooms.includes(target.place.room);
const isOwnRoom = (target: Target, from: Place): boolean =>
  target.kind === 'file' && target.place.room === from.room && target.place.package === from.package;
/** `store.sqlite.ts` may be cut in pieces: `rows.sqlite.ts`. */
const isSameVendor = (target: Target, from: Place): boolean =>
  target.kind === 'file' && target.place.name.split('.')[1] === from.name.split('.')[1];
const isProtocol = (target: Target): boolean => target.kind === 'workspace' && target.name === '@holdfast/protocol';
const isTop = (target: Target, ...names: readonly string[]): boolean =>
  target.kind === 'file' && target.place.room === '' && names.includes(target.place.name);
const assembles = (from: Place): boolean => (from.room === '' && assemblers.has(from.name)) || from.room === 'commands';
/** The library builds the adapters that it exports; the gateway itself is put together by others. */
const knowsAdapters = (from: Place): boolean =>
  assembles(from) || (from.package === 'gateway' && from.room === 'library');
/** Programs make these without a gateway, from the environment. */
const isExported = (from: Place): boolean =>
  from.room === 'pulls' && ['retry-config.ts', 'token-pool.ts', 'retryable-github-client.ts'].includes(from.name);
const isSource = (from: Place): boolean => from.kind !== 'test';

/** The machine's own `ssh` client is a process of this machine, and only one file starts those. */
const isBuiltOn = (target: Target, from: Place): boolean =>
  from.name === 'launcher.ssh.ts' && target.kind === 'file' && target.place.name === 'launcher.local.ts';

/** Rooms with a row of their own about adapters. */
const strictRooms: ReadonlySet<string> = new Set(['lib', 'sessions', 'tasks', 'sockets', 'http']);

export const importTable: readonly ImportRule[] = [
  {
    of: 'a package imports only the packages under it; commands/ of the gateway may use the client, which `holdfast chat` is built on',
    applies: isSource,
    allows: (target, from) =>
      (target.kind !== 'outside' || target.path === `packages/${from.package}/package.json`) &&
      (target.kind !== 'file' || target.place.package === from.package) &&
      (target.kind !== 'workspace' ||
        (packageTable[from.package] ?? []).some((name) => target.name.startsWith(`@holdfast/${name}`)) ||
        (from.package === 'gateway' && from.room === 'commands' && target.name === '@holdfast/client')),
  },
  {
    of: 'a package for any runtime imports nothing of Node',
    applies: (from) => isSource(from) && anyRuntime.includes(from.package),
    allows: (target) => target.kind !== 'node',
  },
  {
    of: 'lib/ imports nothing of ours',
    applies: (from) => isSource(from) && from.room === 'lib',
    allows: (target, from) => target.kind === 'node' || target.kind === 'vendor' || isOwnRoom(target, from),
  },
  {
    of: 'a pure file imports its own room, protocol, lib/, and the types of a pure file or a port elsewhere',
    applies: (from) => from.kind === 'pure',
    allows: (target, from, what) =>
      (isOwnRoom(target, from) && !isAdapter(target)) ||
      isProtocol(target) ||
      isRoom(target, 'lib') ||
      ((isPure(target) || isPort(target)) && what.typeOnly),
  },
  {
    of: 'a port imports types only: of its own room, protocol and Node',
    applies: (from) => from.kind === 'port',
    allows: (target, from, what) =>
      what.typeOnly &&
      ((isOwnRoom(target, from) && !isAdapter(target)) || isProtocol(target) || target.kind === 'node'),
  },
  {
    of: 'an adapter imports its own room, protocol, lib/, Node and its vendor; other adapters and other rooms are for compose.ts',
    applies: (from) => from.kind === 'adapter',
    allows: (target, from) =>
      target.kind === 'node' ||
      target.kind === 'vendor' ||
      isProtocol(target) ||
      isRoom(target, 'lib') ||
      (isOwnRoom(target, from) && (!isAdapter(target) || isSameVendor(target, from) || isBuiltOn(target, from))),
  },
  {
    of: 'an adapter is imported from another room only by compose.ts, main.ts, commands/, library/ and the list of exports',
    applies: (from) => from.kind === 'plain' && !knowsAdapters(from) && !strictRooms.has(from.room),
    allows: (target, from) => !isAdapter(target) || isOwnRoom(target, from),
  },
  {
    of: 'sessions/ and tasks/ never import an adapter or a door',
    applies: (from) => isSource(from) && (from.room === 'sessions' || from.room === 'tasks'),
    allows: (target) => !isAdapter(target) && !isRoom(target, 'sockets', 'http'),
  },
  {
    of: 'sockets/ and http/ never import each other or an adapter',
    applies: (from) => isSource(from) && (from.room === 'sockets' || from.room === 'http'),
    allows: (target, from) => !isAdapter(target) && !isRoom(target, from.room === 'http' ? 'sockets' : 'http'),
  },
  {
    of: 'a room behind the doors does not know them, nor sessions/',
    applies: (from) => from.kind === 'plain' && innerRooms.has(from.room),
    allows: (target) => !isRoom(target, 'sockets', 'http', 'sessions'),
  },
  {
    of: 'compose.ts is imported by main.ts, commands/ and the list of exports only; main.ts and commands/ by no room',
    applies: (from) => isSource(from) && !assembles(from),
    allows: (target) => !isTop(target, 'compose.ts', 'main.ts') && !isRoom(target, 'commands'),
  },
  {
    of: 'library/ is imported by commands/ and the list of exports only; it knows no door, session or machine',
    applies: (from) => isSource(from) && from.package === 'gateway' && !(from.room === '' || from.room === 'commands'),
    allows: (target, from) =>
      from.room === 'library' ? !isRoom(target, 'sockets', 'http', 'sessions', 'machines') : !isRoom(target, 'library'),
  },
  {
    of: 'config.ts gives a room types only: each gets its slice; what pulls/ exports to programs reads its own',
    applies: (from) => isSource(from) && from.package === 'gateway' && from.room !== '' && !knowsAdapters(from),
    allows: (target, from, what) => !isTop(target, 'config.ts') || what.typeOnly || isExported(from),
  },
  {
    of: 'runner/ knows nothing of agents',
    applies: (from) => isSource(from) && from.package === 'agent' && from.room === 'runner',
    allows: (target) => !isRoom(target, 'agents', 'run'),
  },
  {
    of: 'checks/ of the agent knows no other room than lib/: it runs where there is no agent',
    applies: (from) => isSource(from) && from.package === 'agent' && from.room === 'checks',
    allows: (target, from) =>
      target.kind !== 'file' || isOwnRoom(target, from) || isRoom(target, 'lib') || isTop(target, 'version.ts'),
  },
];

const innerRooms: ReadonlySet<string> = new Set([
  'conversations',
  'machines',
  'projects',
  'identity',
  'limits',
  'usage',
  'metrics',
  'upkeep',
  'checks',
  'pulls',
]);
