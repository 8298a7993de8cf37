import { execFileSync } from 'node:child_process';

export type GitOptions = { readonly input?: string | Buffer; readonly env?: Readonly<Record<string, string>> };

/** What the machine's git answers in a folder, without the configuration of whoever runs the tests; throws when it fails. */
export function git(folder: string, args: readonly string[], { input, env }: GitOptions = {}): string {
  return execFileSync('git', args, {
    cwd: folder,
    encoding: 'utf8',
    ...(input !== undefined && { input }),
    stdio: ['pipe', 'pipe', 'pipe'],
    env: {
      PATH: process.env['PATH'] ?? '',
      HOME: folder,
      GIT_CONFIG_GLOBAL: '/dev/null',
      GIT_CONFIG_NOSYSTEM: '1',
      GIT_AUTHOR_NAME: 'Ada',
      GIT_AUTHOR_EMAIL: 'ada@example.org',
      GIT_COMMITTER_NAME: 'Ada',
      GIT_COMMITTER_EMAIL: 'ada@example.org',
      ...env,
    },
  });
}
