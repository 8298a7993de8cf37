import { randomBytes } from 'node:crypto';
import { mkdir, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { HoldfastError, type UserId } from '@holdfast/protocol';
import { startGateway, type Gateway } from '../compose.ts';
import { isLoopback, readConfig, type Config, type Environment } from '../config.ts';
import { Secret } from '../lib/secret.ts';

const usage = `Usage: holdfast serve [dir]

Runs the gateway. Projects come from the YAML file that HOLDFAST_CONFIG names; without one, dir (default: the current
directory) is served as one local project. HOST, PORT, PERSISTENCE_ADAPTER, AUTH_TOKENS … are read from the environment
(docs/operating.md). ctrl-c stops it; turns that run go on and are there again at the next start.`;

/** `holdfast serve`: runs until SIGINT or SIGTERM. */
export async function serveCommand(args: readonly string[], env: Environment): Promise<number> {
  const { values, positionals } = parseArgs({
    args: [...args],
    allowPositionals: true,
    options: { help: { type: 'boolean', short: 'h' } },
  });
  if (values.help === true) {
    console.log(usage);
    return 0;
  }
  if (positionals.length > 1) throw new HoldfastError('bad_message', 'holdfast serve takes one directory; see --help.');
  const [directory] = positionals;
  const config = readConfig(env, directory === undefined ? {} : { directory });
  const token = localToken(config);
  const stopped = stopSignal();
  const gateway = await startGateway(config, {
    tokens: token === undefined ? [] : [{ userId: 'local' as UserId, token }],
  }).catch((error: unknown) => {
    throw explain(error, config);
  });
  const signIn = token === undefined ? undefined : await writeSignIn(config, gateway, token);
  greet(gateway, config, token);

  const signal = await stopped;
  gateway.log.info({ signal }, 'stopping');
  if (signIn !== undefined) await rm(signIn, { force: true });
  await gateway[Symbol.asyncDispose]();
  gateway.log.info({}, 'stopped');
  return 0;
}

/** On loopback and without configured tokens, this start's own token is the way in. */
function localToken(config: Config): Secret | undefined {
  if (config.tokens.length > 0 || !isLoopback(config.host)) return undefined;
  return new Secret(randomBytes(24).toString('base64url'));
}

/** Where `holdfast chat` of the same user finds url and token: `<state>/gateways/<port>.json`, mode 0600. */
async function writeSignIn({ stateDir }: Config, { url, port }: Gateway, token: Secret): Promise<string> {
  const folder = join(stateDir, 'gateways');
  const file = join(folder, `${port}.json`);
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const text = JSON.stringify({ url, token: token.reveal(), pid: process.pid });
  await writeFile(`${file}.${process.pid}`, text, { mode: 0o600 });
  await rename(`${file}.${process.pid}`, file);
  return file;
}

function greet({ url, log }: Gateway, config: Config, token: Secret | undefined): void {
  log.info({ url, projects: config.projects.map(({ id }) => id), store: config.store.kind }, 'listening');
  const [project] = config.projects;
  const lines = [
    `Holdfast listens on ${token === undefined ? url : `${url}/#token=${token.reveal()}`}`,
    `Projects: ${config.projects.map(({ id }) => id).join(', ') || 'none; see HOLDFAST_CONFIG'}`,
    ...(project === undefined ? [] : [`Talk to an agent, in a second terminal: npx holdfast chat ${project.id}`]),
    ...(config.store.kind === 'memory' ? ['Conversations are in memory: PERSISTENCE_ADAPTER=sqlite keeps them.'] : []),
  ];
  console.log(lines.join('\n'));
}

function stopSignal(): Promise<NodeJS.Signals> {
  return new Promise((resolve) => {
    for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, resolve);
  });
}

function explain(error: unknown, { host, port }: Config): unknown {
  const code = (error as NodeJS.ErrnoException).code;
  if (code === 'EADDRINUSE') {
    return new HoldfastError('unavailable', `Port ${port} on ${host} is in use; stop who uses it or set PORT.`, { cause: error });
  }
  if (code === 'EADDRNOTAVAIL' || code === 'EACCES') {
    return new HoldfastError('unavailable', `Cannot listen on ${host}:${port} (${code}); set HOST and PORT.`, { cause: error });
  }
  return error;
}
