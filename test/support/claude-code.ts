import { execFile } from 'node:child_process';
import { access, mkdir, mkdtemp, rename, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

/** The version whose behaviour the adapter was written against. */
export const claudeCodeVersion = '2.1.330';

const repository = join(dirname(fileURLToPath(import.meta.url)), '..', '..');
const cache = join(repository, '.cache');
const node24 = join(repository, 'node_modules', '.bin');
const run = promisify(execFile);

/** The folder with the real `claude` program, for PATH; see {@link installInCache}. */
export async function installClaudeCode(): Promise<string> {
  const folder = await installInCache(
    `@anthropic-ai/claude-code@${claudeCodeVersion}`,
    'claude-code',
    claudeCodeVersion,
  );
  return join(folder, 'node_modules', '.bin');
}

/**
 * Installs an npm package into `.cache/NAME-VERSION` (some are hundreds of MB: never dependencies of the workspace) and returns
 * that folder. Reused when it is there. Two processes may do this at once: each installs into a folder of its own and renames
 * it into place; the later one finds the place taken and throws its copy away.
 */
export async function installInCache(specifier: string, name: string, version: string): Promise<string> {
  const folder = join(cache, `${name}-${version}`);
  if (await exists(folder)) return folder;
  await mkdir(cache, { recursive: true });
  const own = await mkdtemp(join(cache, `${name}-installing-`));
  try {
    // Under an older Node npm silently picks an older version, so it runs on the workspace's own.
    await run('npm', ['install', '--prefix', own, '--no-audit', '--no-fund', '--allow-scripts=all', specifier], {
      env: { ...process.env, PATH: `${node24}:${process.env['PATH']}` },
      timeout: 300_000,
    });
    await rename(own, folder).catch(async (error: unknown) => {
      if (!(await exists(folder))) throw error;
    });
  } finally {
    await rm(own, { recursive: true, force: true });
  }
  return folder;
}

/**
 * The environment in which Claude Code talks to a model on loopback and to nobody else. `home` keeps its sessions.
 * As root it refuses bypassPermissions unless it is told that this is a sandbox.
 */
export function claudeCodeEnvironment(options: {
  readonly bin: string;
  readonly modelUrl: string;
  readonly home: string;
}): Record<string, string> {
  return {
    PATH: `${options.bin}:${node24}:/usr/local/bin:/usr/bin:/bin`,
    HOME: options.home,
    ANTHROPIC_BASE_URL: options.modelUrl,
    ANTHROPIC_API_KEY: 'sk-ant-scripted',
    DISABLE_TELEMETRY: '1',
    DISABLE_ERROR_REPORTING: '1',
    DISABLE_AUTOUPDATER: '1',
    CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC: '1',
    CLAUDE_CODE_MAX_RETRIES: '1',
    IS_SANDBOX: '1',
  };
}

async function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}
