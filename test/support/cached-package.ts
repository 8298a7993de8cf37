import { execFile } from 'node:child_process';
import { access, mkdir, mkdtemp, rename, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const repository = join(dirname(fileURLToPath(import.meta.url)), '..', '..');
const cache = join(repository, '.cache');
const run = promisify(execFile);

/** The folder of the workspace's own programs, Node 24 among them. */
export const workspacePrograms: string = join(repository, 'node_modules', '.bin');

/**
 * Installs an npm package into `.cache/NAME-VERSION` (some are hundreds of MB: never dependencies of the workspace) and returns
 * that folder. Reused when it is there. Two processes may do this at once: each installs into a folder of its own and renames
 * it into place; the later one finds the place taken and throws its copy away.
 */
export async function installCachedPackage(name: string, version: string): Promise<string> {
  const folder = join(cache, `${name.split('/').at(-1)}-${version}`);
  if (await exists(folder)) return folder;
  await mkdir(cache, { recursive: true });
  const own = await mkdtemp(join(cache, 'installing-'));
  try {
    // Under an older Node npm silently picks an older version, so it runs on the workspace's own.
    await run(
      'npm',
      ['install', '--prefix', own, '--no-audit', '--no-fund', '--dangerously-allow-all-scripts', `${name}@${version}`],
      {
        env: { ...process.env, PATH: `${workspacePrograms}:${process.env['PATH']}` },
        timeout: 300_000,
      },
    );
    await rename(own, folder).catch(async (error: unknown) => {
      if (!(await exists(folder))) throw error;
    });
  } finally {
    await rm(own, { recursive: true, force: true });
  }
  return folder;
}

async function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}
