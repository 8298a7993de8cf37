import { accessSync, constants, existsSync, readFileSync, statSync } from 'node:fs';
import { delimiter, dirname, join } from 'node:path';

const installers = ['npm', 'pnpm', 'yarn', 'bun'] as const;
export type Installer = (typeof installers)[number];

export type PackageScripts = {
  readonly scripts: Readonly<Record<string, string>>;
  readonly installer: Installer;
  /** The lockfile or field that names it. */
  readonly installerWhy: string;
};

/** What stands in a directory, as far as it says how the project is checked. */
export type ProjectFacts = {
  /** Why nothing can be run there at all; a sentence. */
  readonly fault?: string;
  readonly scripts?: PackageScripts;
  readonly makefile?: { readonly name: string; readonly targets: readonly string[] };
  readonly hasCargo: boolean;
  readonly hasClippy: boolean;
  readonly hasGo: boolean;
  readonly python?: {
    readonly name: string;
    /** Tool → the file that configures it. */
    readonly configured: ReadonlyMap<string, string>;
    /** Tool → how it is called. */
    readonly installed: ReadonlyMap<string, string>;
  };
};

const lockfiles: readonly (readonly [name: string, installer: Installer])[] = [
  ['pnpm-lock.yaml', 'pnpm'],
  ['yarn.lock', 'yarn'],
  ['bun.lock', 'bun'],
  ['bun.lockb', 'bun'],
  ['package-lock.json', 'npm'],
  ['npm-shrinkwrap.json', 'npm'],
];

/** Looks into a directory, and for lockfiles also above it up to the root of its repository. `path` is the variable PATH. */
export function readProjectFacts(directory: string, path: string): ProjectFacts {
  const none = { hasCargo: false, hasClippy: false, hasGo: false };
  if (statSync(directory, { throwIfNoEntry: false })?.isDirectory() !== true)
    return { ...none, fault: `There is no directory ${directory}.` };
  try {
    const has = (name: string): boolean => existsSync(join(directory, name));
    const scripts = readScripts(directory);
    const makefile = readMakefile(directory);
    const python = readPython(directory, path);
    return {
      hasCargo: has('Cargo.toml'),
      hasClippy: findProgram('cargo-clippy', path) !== undefined,
      hasGo: has('go.mod'),
      ...(scripts !== undefined && { scripts }),
      ...(makefile !== undefined && { makefile }),
      ...(python !== undefined && { python }),
    };
  } catch (error) {
    return { ...none, fault: error instanceof Error ? error.message : String(error) };
  }
}

/** The file that the shell would run for a name. */
export function findProgram(name: string, path: string): string | undefined {
  const candidates = name.includes('/') ? [name] : path.split(delimiter).map((folder) => join(folder, name));
  return candidates.find((candidate) => {
    try {
      accessSync(candidate, constants.X_OK);
      return statSync(candidate).isFile();
    } catch {
      return false;
    }
  });
}

/** The nearest lockfile, from a directory up to the root of its repository. */
export function findLockfile(
  directory: string,
): { readonly path: string; readonly name: string; readonly installer: Installer } | undefined {
  for (const folder of upToRepository(directory)) {
    const found = lockfiles.find(([name]) => existsSync(join(folder, name)));
    if (found !== undefined) return { path: join(folder, found[0]), name: found[0], installer: found[1] };
  }
  return undefined;
}

type PackageJson = { readonly scripts?: unknown; readonly packageManager?: unknown };

function readScripts(directory: string): PackageScripts | undefined {
  const own = readPackageJson(directory);
  if (own === undefined) return undefined;
  const scripts = Object.fromEntries(
    Object.entries(own.scripts ?? {}).filter((entry): entry is [string, string] => typeof entry[1] === 'string'),
  );
  return { scripts, ...readInstaller(directory, own) };
}

function readInstaller(directory: string, own: PackageJson): Pick<PackageScripts, 'installer' | 'installerWhy'> {
  for (const folder of upToRepository(directory)) {
    const field = (folder === directory ? own : readPackageJson(folder))?.packageManager;
    const installer = installers.find((each) => typeof field === 'string' && field.startsWith(`${each}@`));
    if (installer !== undefined) return { installer, installerWhy: `packageManager: ${String(field)}` };
  }
  const lockfile = findLockfile(directory);
  return lockfile === undefined
    ? { installer: 'npm', installerWhy: 'no lockfile' }
    : { installer: lockfile.installer, installerWhy: lockfile.name };
}

function readPackageJson(folder: string): PackageJson | undefined {
  const path = join(folder, 'package.json');
  const text = readText(path);
  if (text === undefined) return undefined;
  try {
    const value: unknown = JSON.parse(text.replace(/^\uFEFF/, ''));
    return typeof value === 'object' && value !== null ? value : {};
  } catch (cause) {
    throw new Error(`${path} is not JSON; mend it.`, { cause });
  }
}

function* upToRepository(directory: string): Generator<string> {
  for (let folder = directory; ; folder = dirname(folder)) {
    yield folder;
    if (existsSync(join(folder, '.git')) || dirname(folder) === folder) return;
  }
}

function readMakefile(directory: string): ProjectFacts['makefile'] {
  for (const name of ['GNUmakefile', 'makefile', 'Makefile']) {
    const text = readText(join(directory, name));
    if (text === undefined) continue;
    const rules = [...text.matchAll(/^(?<targets>[A-Za-z0-9][\w./ \t-]*)::?(?![=:])/gm)];
    return { name, targets: rules.flatMap((rule) => (rule.groups?.['targets'] ?? '').trim().split(/\s+/)) };
  }
  return undefined;
}

const pythonMarkers: readonly (readonly [file: string, pattern: RegExp, tool: string])[] = [
  ['ruff.toml', /^/, 'ruff'],
  ['.ruff.toml', /^/, 'ruff'],
  ['pyproject.toml', /^\[tool\.ruff/m, 'ruff'],
  ['.flake8', /^/, 'flake8'],
  ['setup.cfg', /^\[flake8\]/m, 'flake8'],
  ['tox.ini', /^\[flake8\]/m, 'flake8'],
  ['pytest.ini', /^/, 'pytest'],
  ['pyproject.toml', /^\[tool\.pytest/m, 'pytest'],
  ['setup.cfg', /^\[tool:pytest\]/m, 'pytest'],
  ['tox.ini', /^\[pytest\]/m, 'pytest'],
  ['tox.ini', /^\[(tox|testenv)/m, 'tox'],
];

function readPython(directory: string, path: string): ProjectFacts['python'] {
  const name = ['pyproject.toml', 'setup.cfg', 'tox.ini', 'setup.py', 'pytest.ini'].find((each) =>
    existsSync(join(directory, each)),
  );
  if (name === undefined) return undefined;
  const configured = new Map<string, string>();
  for (const [file, pattern, tool] of pythonMarkers) {
    const text = configured.has(tool) ? undefined : readText(join(directory, file));
    if (text !== undefined && pattern.test(text)) configured.set(tool, file);
  }
  const installed = new Map<string, string>();
  for (const tool of ['ruff', 'flake8', 'pytest', 'tox']) {
    const inEnvironment = join('.venv', 'bin', tool);
    if (existsSync(join(directory, inEnvironment))) installed.set(tool, inEnvironment);
    else if (findProgram(tool, path) !== undefined) installed.set(tool, tool);
  }
  return { name, configured, installed };
}

/** Undefined when there is no such file. */
function readText(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}
