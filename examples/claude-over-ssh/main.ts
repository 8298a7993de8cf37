import { existsSync, mkdirSync, mkdtempSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { claudeCodeEnvironment, installClaudeCode } from '../../test/support/claude-code.ts';
import { TestGateway } from '../../test/support/gateway.ts';
import { startModelEndpoint } from '../../test/support/model-endpoint.ts';
import { sshdMissing, startSshd } from '../../test/support/sshd.ts';
import { converse } from './converse.ts';
import { decideOnTerminal } from './decide.ts';

/*
 * A person, a gateway, and Claude Code on another machine. sshd, model and gateway are real processes or servers on loopback.
 */

const { values } = parseArgs({ options: { yes: { type: 'boolean', default: false } } });
const isAsked = process.stdin.isTTY && !values.yes;
const stopped = new AbortController();
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.once(signal, () => stopped.abort());

if (sshdMissing === undefined) {
  await main();
} else {
  console.error(`${sshdMissing}.`);
  process.exitCode = 2;
}

async function main(): Promise<void> {
  const dir = mkdtempSync(join(tmpdir(), 'holdfast-example-'));
  const folder = join(dir, 'there', 'shop');
  mkdirSync(folder, { recursive: true });
  await using stack = new AsyncDisposableStack();
  stack.defer(() => console.log('\nAll processes have ended, and nothing is left behind.'));

  console.log('Claude Code: looking for it, or installing it (some 400 MB, once) …');
  const bin = await installClaudeCode();
  const model = stack.use(await startModelEndpoint());
  console.log(`A model that answers by script: ${model.url}`);

  const {
    PATH = '',
    HOME: _home,
    TMPDIR: _tmp,
    ...env
  } = claudeCodeEnvironment({ bin, modelUrl: model.url, home: dir });
  const there = { PATH, HOLDFAST_STATE_DIR: join(dir, 'state-there'), HOLDFAST_IDLE_MS: '1000' };
  const sshd = stack.use(await startSshd({ env: there }));
  console.log(`The project's machine: ssh -p ${sshd.port} ${sshd.user}@${sshd.host}, with claude on its PATH`);

  const config = `projects:
  - id: shop
    members: [ada]
    agents: [claude]
    workspace:
      ssh:
        host: ${sshd.host}
        port: ${sshd.port}
        user: ${sshd.user}
        path: ${folder}
        identityFile: ${sshd.identityFile}
        knownHosts: ${sshd.knownHosts}
    env: ${JSON.stringify(env)}
`;
  const gateway = stack.adopt(await TestGateway.start({ dir, config: () => config }), (one) => one.end());
  console.log(`The gateway: ${gateway.url}\n`);

  const file = join(folder, 'greeting.txt');
  const reason = await converse({
    url: gateway.url,
    project: 'shop',
    agent: 'claude',
    token: 'ada-token',
    prompt: `THINK a greeting, in a file\nWRITE ${file} hello from the other side`,
    decide: isAsked ? decideOnTerminal : async () => true,
    signal: stopped.signal,
  });
  if (reason !== 'completed') {
    console.error(`The turn ended otherwise than expected: ${reason}.`);
    process.exitCode = 1;
  }
  console.log(`\nOn the machine, ${file}: ${existsSync(file) ? readFileSync(file, 'utf8') : 'not there'}`);
}
