import { randomBytes } from 'node:crypto';
import { statSync } from 'node:fs';
import { mkdir, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { HoldfastError, type UserId } from '@holdfast/protocol';
import { startGateway, type Gateway } from '../compose.ts';
import { isLoopback, readConfig, type Config } from '../config.ts';
import type { Environment } from '../lib/environment.ts';
import { Secret } from '../lib/secret.ts';

const usage = `Usage: holdfast serve [dir]

Runs the gateway. Projects come from the YAML file that HOLDFAST_CONFIG names; without one, dir (default: the current
directory) is served as one local project. HOST, PORT, PERSISTENCE_ADAPTER, AUTH_TOKENS … are read from the environment
(docs/operating.md). ctrl-c stops it; turns that run go on and are there again at the next start.`;

/** `holdfast serve`: runs until SIGINT or SIGTERM. */
export async function serveCommand(args: readonly string[], env: Environment): Promise<number> {
  const { values, positionals } = parseArguments(args);
  if (values.help === true) {
    console.log(usage);
    return 0;
  }
  if (positionals.length > 1) {
    throw new HoldfastError('bad_message', 'holdfast serve takes one directory; see holdfast serve --help.');
  }
  const [directory] = positionals;
  if (directory !== undefined && statSync(directory, { throwIfNoEntry: false })?.isDirectory() !== true) {
    throw new HoldfastError('bad_message', `${directory} is not a directory; name the one to be served.`);
  }
  const config = readConfig(env, directory === undefined ? {} : { directory });
  const token = localToken(config);
  const stopped = stopSignal();
  await using gateway = await startGateway(config, {
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

function parseArguments(args: readonly string[]) {
  try {
    return parseArgs({
      args: [...args],
      allowPositionals: true,
      options: { help: { type: 'boolean', short: 'h' } },
    });
  } catch (cause) {
    const what = cause instanceof Error ? cause.message.split('. ')[0] : String(cause);
    throw new HoldfastError('bad_message', `${what}; see holdfast serve --help.`, { cause });
  }
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
  const text = JSON.stringify({ url, token: token.reveal(), pid: process.pid });
  try {
    await mkdir(folder, { recursive: true, mode: 0o700 });
    await writeFile(`${file}.${process.pid}`, text, { mode: 0o600 });
    await rename(`${file}.${process.pid}`, file);
  } catch (cause) {
    const why = (cause as NodeJS.ErrnoException).code;
    const message = `The sign-in cannot be written to ${folder} (${why}); set HOLDFAST_STATE_DIR to a folder of yours.`;
    throw new HoldfastError('unavailable', message, { cause });
  }
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
  const { code, syscall } = error as NodeJS.ErrnoException;
  if (code === 'EADDRINUSE') {
    return new HoldfastError('unavailable', `Port ${port} on ${host} is in use; stop who uses it or set PORT.`, {
      cause: error,
    });
  }
  if (syscall === 'listen' || syscall === 'getaddrinfo') {
    return new HoldfastError('unavailable', `Cannot listen on ${host}:${port} (${code}); set HOST and PORT.`, {
      cause: error,
    });
  }
  return error;
}
