import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { findBreaches } from './architecture/find-breaches.ts';
import { parseSource, readSources } from './architecture/source-file.ts';

const root = fileURLToPath(new URL('..', import.meta.url));
const gateway = 'packages/gateway/src';
const agent = 'packages/agent/src';

// In pieces, because this file is looked at too.
const emptyName = ['Session', 'Manager'].join('');

/** The breaches of a house made of these files: path → text. */
function breachesIn(texts: Readonly<Record<string, string>>): readonly string[] {
  return findBreaches(Object.entries(texts).map(([path, text]) => parseSource(path, text)));
}

describe('the house', () => {
  test('keeps its rules: who may import whom, which line stands where, how files are named', () => {
    const files = ['packages', 'test', 'bench', 'examples'].flatMap((folder) => readSources(root, folder));
    // A rule that looked at nothing would hold for ever.
    expect(files.length).toBeGreaterThan(20);
    expect(findBreaches(files)).toEqual([]);
  });
});

describe('the rules bite', () => {
  const breaches: readonly (readonly [what: string, texts: Readonly<Record<string, string>>])[] = [
    ['protocol with Node', { 'packages/protocol/src/a.ts': `import { join } from 'node:path';` }],
    ['protocol with Buffer', { 'packages/protocol/src/a.ts': `const bytes = Buffer.from('x');` }],
    ['protocol with one of ours', { 'packages/protocol/src/a.ts': `import { x } from '@holdfast/client';` }],
    ['the client with the gateway', { 'packages/client/src/a.ts': `import { x } from '@holdfast/gateway';` }],
    ['the client with Node', { 'packages/client/src/a.ts': `import { x } from 'node:net';` }],
    ['the gateway with the agent', { [`${gateway}/http/a.ts`]: `import { x } from '@holdfast/agent';` }],
    ['the client in a room of the gateway', { [`${gateway}/sessions/a.ts`]: `import { x } from '@holdfast/client';` }],
    ['another package by path', { [`${gateway}/http/a.ts`]: `import { x } from '../../../agent/src/run/b.ts';` }],
    [
      'the client by path in commands',
      { [`${gateway}/commands/a.ts`]: `import { x } from '../../../client/src/b.ts';` },
    ],
    ['lib with one of ours', { [`${gateway}/lib/a.ts`]: `import type { Code } from '@holdfast/protocol';` }],
    ['lib with a room', { [`${gateway}/lib/a.ts`]: `export { x } from '../sessions/b.ts';` }],
    ['a pure file with Node', { [`${gateway}/sessions/turn.ts`]: `import { randomUUID } from 'node:crypto';` }],
    ['a pure file with another room', { [`${gateway}/sessions/turn.ts`]: `import { x } from '../machines/link.ts';` }],
    [
      'a port with a value',
      {
        [`${gateway}/conversations/store.ts`]: `import { open } from './batch.ts';`,
        [`${gateway}/conversations/store.sqlite.ts`]: '',
      },
    ],
    [
      'an adapter with another adapter',
      {
        [`${gateway}/conversations/store.sqlite.ts`]: `import { x } from './store.memory.ts';`,
        [`${gateway}/conversations/store.memory.ts`]: '',
      },
    ],
    [
      'a pure file with a value of another one',
      { [`${gateway}/sessions/turn.ts`]: `import { start } from '../conversations/conversation.ts';` },
    ],
    ['an adapter with another room', { [`${gateway}/machines/launcher.ssh.ts`]: `import { x } from '../http/y.ts';` }],
    [
      'a session with an adapter',
      { [`${gateway}/sessions/session.ts`]: `import { x } from '../conversations/store.sqlite.ts';` },
    ],
    [
      'a session with an adapter over several lines',
      { [`${gateway}/sessions/session.ts`]: `import {\n  a,\n  b,\n} from '../conversations/store.sqlite.ts';` },
    ],
    ['a door with the other door', { [`${gateway}/sockets/a.ts`]: `import { x } from '../http/b.ts';` }],
    ['a door with an adapter', { [`${gateway}/http/a.ts`]: `import { x } from '../machines/launcher.ssh.ts';` }],
    ['an inner room with a door', { [`${gateway}/machines/a.ts`]: `import { x } from '../sockets/b.ts';` }],
    ['pulls with a session', { [`${gateway}/pulls/a.ts`]: `import { x } from '../sessions/b.ts';` }],
    ['a pure file of pulls with Node', { [`${gateway}/pulls/token-state.ts`]: `import { join } from 'node:path';` }],
    ['a status elsewhere in pulls', { [`${gateway}/pulls/retry-error.ts`]: `if (status === 403) stop();` }],
    ['the configuration in pulls', { [`${gateway}/pulls/client.ts`]: `import { read } from '../config.ts';` }],
    ['the upkeep with a session', { [`${gateway}/upkeep/a.ts`]: `import { x } from '../sessions/b.ts';` }],
    ['a room with compose.ts', { [`${gateway}/http/a.ts`]: `import { compose } from '../compose.ts';` }],
    ['a room with a command', { [`${gateway}/http/a.ts`]: `const m = await import('../commands/serve.ts');` }],
    ['a room with the whole configuration', { [`${gateway}/http/a.ts`]: `import { config } from '../config.ts';` }],
    ['a room with the library', { [`${gateway}/tasks/a.ts`]: `import { open } from '../library/b.ts';` }],
    ['the library with a door', { [`${gateway}/library/a.ts`]: `import { x } from '../http/b.ts';` }],
    ['the library with compose.ts', { [`${gateway}/library/a.ts`]: `import { compose } from '../compose.ts';` }],
    ['the runner with agents', { [`${agent}/runner/a.ts`]: `import { x } from '../agents/provider.ts';` }],
    ['checks with the runner', { [`${agent}/checks/a.ts`]: `import { x } from '../runner/processes.ts';` }],
    ['a process in checks/', { [`${agent}/checks/cache.ts`]: `execFileSync('git', []);` }],
    ['process.env in a room', { [`${gateway}/http/a.ts`]: `const port = process.env['PORT'];` }],
    ['SQL in a room', { [`${gateway}/conversations/a.ts`]: `const sql = 'SELECT * FROM messages';` }],
    ['a close code in a room', { [`${gateway}/sessions/a.ts`]: `close(4404, 'gone');` }],
    ['an HTTP status in a room', { [`${gateway}/sessions/a.ts`]: `return { status: 404 };` }],
    ['an HTTP status line at the socket', { [`${gateway}/sockets/a.ts`]: `socket.end('HTTP/1.1 400 Bad Request');` }],
    ['a process in pulls/', { [`${gateway}/pulls/draft/target.git.ts`]: `const child = spawn('git', []);` }],
    ['a process in a room', { [`${gateway}/http/a.ts`]: `const child = spawn('ls', []);` }],
    [
      'child_process under another name',
      { [`${gateway}/http/a.ts`]: `import { spawn as go } from 'node:child_process';` },
    ],
    [
      'JSON.parse in passing',
      { [`${gateway}/http/a.ts`]: `export function answer(text) {\n  return JSON.parse(text);\n}` },
    ],
    ['a metric in a room', { [`${gateway}/http/a.ts`]: `counter('agent_errors_total');` }],
    ['console in a room', { [`${gateway}/http/a.ts`]: `console.log('here');` }],
    ['a test that is singled out', { [`${gateway}/http/a.test.ts`]: `test.only('x', () => {});` }],
    ['a file name with capitals', { [`${gateway}/http/aB.ts`]: '' }],
    ['a file name that says nothing', { [`${gateway}/http/body-utils.ts`]: '' }],
    ['a class name that says nothing', { [`${gateway}/http/a.ts`]: `export class ${emptyName} {}` }],
    ['a long file', { [`${gateway}/http/a.ts`]: '\n'.repeat(401) }],
  ];

  test.each(breaches)('on %s', (_what, texts) => {
    expect(breachesIn(texts)).toHaveLength(1);
  });
});

describe('the rules let be', () => {
  test('what the tables allow', () => {
    expect(
      breachesIn({
        'packages/protocol/src/json.ts': `export function parseJson(text) {\n  try {\n    return JSON.parse(text);\n  }\n}`,
        'packages/protocol/src/errors.ts': `export const rules = { gone: { status: 404, close: 4404 } };`,
        [`${gateway}/config.ts`]: `const port = process.env['PORT'];`,
        [`${gateway}/compose.ts`]: `import { Store } from './conversations/store.sqlite.ts';`,
        [`${gateway}/main.ts`]: `import { compose } from './compose.ts';\nconsole.error('no');`,
        [`${gateway}/commands/chat.ts`]: `import { connect } from '@holdfast/client';\nimport { compose } from '../compose.ts';`,
        [`${gateway}/conversations/store.ts`]: `import type { Seq } from '@holdfast/protocol';\nimport { type Row } from './row.ts';`,
        [`${gateway}/conversations/store.sqlite.ts`]: `import type { Store } from './store.ts';\nconst sql = 'SELECT * FROM messages';`,
        [`${gateway}/machines/launcher.local.ts`]: `import { spawn } from 'node:child_process';\nspawn('ls', []);`,
        [`${gateway}/conversations/rows.sqlite.ts`]: `import { open } from './store.sqlite.ts';`,
        [`${gateway}/library/adapter.ts`]: `import { Store } from '../conversations/store.sqlite.ts';\nimport { readStoreConfig } from '../config.ts';`,
        [`${gateway}/sessions/turn.ts`]: `import type { State } from '../conversations/conversation.ts';`,
        [`${gateway}/sessions/session.ts`]: `import type { Store } from '../conversations/store.ts';`,
        [`${gateway}/sockets/door.ts`]: `import { Session } from '../sessions/session.ts';\nclose(4404);`,
        [`${gateway}/http/health.ts`]: `import type { Config } from '../config.ts';\nwriteHead(200);`,
        [`${gateway}/pulls/draft/command.git.ts`]: `import { spawn } from 'node:child_process';\nspawn('git', []);`,
        [`${gateway}/pulls/classify.ts`]: `if (status === 403) return { kind: 'limited' };`,
        [`${gateway}/pulls/retry-config.ts`]: `import { readGitHubConfig } from '../config.ts';`,
        [`${gateway}/pulls/client/retryable-github-client.ts`]: `import { readGitHubConfig } from '../../config.ts';`,
        [`${agent}/runner/journal.ts`]: `import { lines } from '../lib/lines.ts';\n// console.log is for commands/`,
        [`${agent}/run/loop.test.ts`]: `import { spawn } from 'node:child_process';\nprocess.env['X'] = 'y';`,
      }),
    ).toEqual([]);
  });
});
