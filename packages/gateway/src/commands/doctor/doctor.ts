import { statSync } from 'node:fs';
import { HoldfastError } from '@holdfast/protocol';
import { readConfig, readStoreConfig, type Config } from '../../config.ts';
import type { Environment } from '../../lib/environment.ts';
import { painter, type Paint } from '../chat/paint.ts';
import { printable } from '../chat/printable.ts';
import { readOptions } from '../options.ts';
import { print, withProcessStreams, type CommandStreams } from '../streams.ts';
import { checkGitHub } from './check-github.ts';
import { checkProject } from './check-project.ts';
import { checkStore } from './check-store.ts';
import { failed, type Finding } from './finding.ts';

const usage = `Usage: holdfast doctor [dir] [--create-tables] [--json]

Checks what a gateway with this environment would need, one line each with the way out: the configuration, persistence
(writes, reads back and deletes a probe that no user sees), Redis, GitHub (its tokens, and where drafts go), and each
project (its directory or its machine, and the agents there). It needs no gateway, and disturbs none that runs. dir is that of holdfast serve.

  --create-tables   make the DynamoDB tables that are missing
  --json            one JSON object a line: {"part", "state": "ok" | "failed" | "skipped", "message"}

Ends with 0 when all is well, with 1 when a part is not, with 2 when the configuration is wrong.`;

/** `holdfast doctor`. */
export function doctorCommand(args: readonly string[], env: Environment): Promise<number> {
  return withProcessStreams(env, (streams) => runDoctor(args, env, streams));
}

/** The same with streams of one's own. */
export async function runDoctor(args: readonly string[], env: Environment, streams: CommandStreams): Promise<number> {
  const { values, positionals } = readOptions(args, 'doctor', {
    ...{ 'create-tables': { type: 'boolean', default: false }, json: { type: 'boolean', default: false } },
    help: { type: 'boolean', short: 'h' },
  });
  if (values.help === true) {
    await print(streams, `${usage}\n`);
    return 0;
  }
  const directory = expectDirectory(positionals);
  const config = readOr(() => readConfig(env, directory === undefined ? {} : { directory }));
  const store = config instanceof HoldfastError ? readOr(() => readStoreConfig(env)) : config;
  const mayCreateTables = values['create-tables'];
  if (mayCreateTables && !(store instanceof HoldfastError) && store.store.kind !== 'dynamodb') {
    throw new HoldfastError(
      'bad_message',
      `--create-tables is for PERSISTENCE_ADAPTER=dynamodb; it is ${store.store.kind}.`,
    );
  }

  const write = values.json ? jsonOf : linesWith(painter(streams.isColoured));
  let isHealthy = true;
  const tell = async (findings: readonly Finding[]): Promise<void> => {
    if (findings.some(({ state }) => state === 'failed')) isHealthy = false;
    await print(streams, findings.map(write).join(''));
  };
  await tell([configurationFinding(config, env)]);
  if (store instanceof HoldfastError) await tell([skipped('persistence', 'its configuration is wrong')]);
  else await tell(await checkStore(store, { mayCreateTables }));
  await tell([redisFinding(env)]);
  if (config instanceof HoldfastError) {
    await tell([skipped('projects', 'the configuration is wrong')]);
    return 2;
  }
  const { interrupt } = streams;
  await tell(await checkGitHub(config, { signal: interrupt }).catch(() => [skipped('github', 'stopped')]));
  for (const project of config.projects) {
    if (interrupt.aborted) return 1;
    await tell(
      await checkProject(project, config, { signal: interrupt }).catch(() => [
        skipped(`project ${project.id}`, 'stopped'),
      ]),
    );
  }
  return isHealthy ? 0 : 1;
}

function expectDirectory([directory, ...others]: readonly string[]): string | undefined {
  if (others.length > 0) {
    throw new HoldfastError('bad_message', 'holdfast doctor takes one directory; see holdfast doctor --help.');
  }
  if (directory === undefined || statSync(directory, { throwIfNoEntry: false })?.isDirectory() === true)
    return directory;
  throw new HoldfastError('bad_message', `${directory} is not a directory; name the one to be served.`);
}

/** The configuration, or the error that lists its faults. */
function readOr<Read>(read: () => Read): Read | HoldfastError {
  try {
    return read();
  } catch (error) {
    if (error instanceof HoldfastError && error.code === 'bad_message') return error;
    throw error;
  }
}

function configurationFinding(config: Config | HoldfastError, env: Environment): Finding {
  const part = 'configuration';
  if (config instanceof HoldfastError) return failed(part, config);
  const from = env['HOLDFAST_CONFIG'] ? `HOLDFAST_CONFIG ${env['HOLDFAST_CONFIG']}` : 'no HOLDFAST_CONFIG';
  const ids = config.projects.map(({ id }) => id);
  const message = `${from}: ${ids.length === 0 ? 'no projects' : `${ids.length === 1 ? 'project' : 'projects'} ${ids.join(', ')}`}`;
  return { part, state: 'ok', message };
}

function redisFinding(env: Environment): Finding {
  return skipped('redis', env['REDIS_URL'] ? 'nothing of this version uses REDIS_URL' : 'REDIS_URL is not set');
}

function skipped(part: string, message: string): Finding {
  return { part, state: 'skipped', message };
}

function jsonOf(finding: Finding): string {
  return `${JSON.stringify(finding)}\n`;
}

const styles = { ok: 'green', failed: 'red', skipped: 'dim' } as const;

function linesWith(paint: Paint): (finding: Finding) => string {
  return ({ part, state, message }) => {
    // Several faults stand below each other, under the words.
    const words = printable(message).replaceAll('\n', `\n${' '.repeat(9)}`);
    return `${paint(styles[state], state.padEnd(7))}  ${part}: ${words}\n`;
  };
}
