import { join } from 'node:path';
import { installCachedPackage, workspacePrograms } from './cached-package.ts';

/** The version whose behaviour the adapter was written against. */
const claudeCodeVersion = '2.1.330';

/** The folder with the real `claude` program, for PATH. The first call installs it (some 400 MB), later ones find it. */
export async function installClaudeCode(): Promise<string> {
  const folder = await installCachedPackage('@anthropic-ai/claude-code', claudeCodeVersion);
  return join(folder, 'node_modules', '.bin');
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
    PATH: `${options.bin}:${workspacePrograms}:/usr/local/bin:/usr/bin:/bin`,
    HOME: options.home,
    // It leaves sockets and notes there.
    TMPDIR: options.home,
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
