import type { SourceFile } from './source-file.ts';

/** Where a file stands in the house. */
export type Place = {
  readonly package: string;
  /** The folder directly below `src`; empty for a file that lies in `src` itself. */
  readonly room: string;
  readonly name: string;
  readonly kind: 'test' | 'adapter' | 'port' | 'pure' | 'plain';
  /** The port that an adapter stands beside. */
  readonly port?: string;
};

/** Files that decide and touch nothing: their names are the table's. */
const pureNames: ReadonlySet<string> = new Set([
  'conversation.ts',
  'turn.ts',
  'back-off.ts',
  'classify.ts',
  'token-state.ts',
]);
/** Tests, contract suites; and what stands in a `testing/` folder. */
const testName = /\.(test|contract)\.tsx?$/;
/** What stands between the dots of an adapter: `store.sqlite.ts`, `launcher.ssh.ts`, `provider.claude.ts`. */
const adapterName =
  /^(?<port>[a-z0-9-]+)\.(?<vendor>memory|sqlite|dynamodb|redis|local|ssh|github|git|claude|codex|opencode|acp|demo)\.ts$/;

/** The place of a path below `packages/<name>/src/`; undefined for any other. */
export function placeOf(path: string, all: ReadonlySet<string>): Place | undefined {
  const match = /^packages\/([a-z0-9-]+)\/src\/(?:([a-z0-9-]+)\/)?(?:.*\/)?([^/]+)$/.exec(path);
  if (!match) return undefined;
  const [, packageName = '', room = '', name = ''] = match;
  const place = { package: packageName, room, name };
  const folder = path.slice(0, -name.length);
  if (testName.test(name) || folder.includes('/testing/')) return { ...place, kind: 'test' };
  const port = adapterName.exec(name)?.groups?.['port'];
  if (port !== undefined) return { ...place, kind: 'adapter', port: `${folder}${port}.ts` };
  if (pureNames.has(name) && room !== 'commands') return { ...place, kind: 'pure' };
  return { ...place, kind: hasAdapter(folder, name, all) ? 'port' : 'plain' };
}

function hasAdapter(folder: string, name: string, all: ReadonlySet<string>): boolean {
  const stem = folder + name.replace(/\.tsx?$/, '.');
  for (const path of all) {
    if (path.startsWith(stem) && adapterName.test(path.slice(folder.length))) return true;
  }
  return false;
}

/** The set of paths that {@link placeOf} needs to know a port by the adapters beside it. */
export function pathsOf(files: readonly SourceFile[]): ReadonlySet<string> {
  return new Set(files.map((file) => file.path));
}
