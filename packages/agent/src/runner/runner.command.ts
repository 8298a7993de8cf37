import { chmodSync, rmSync } from 'node:fs';
import { createServer, type Server, type Socket } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { HoldfastError, isRecord, parseAgentName, parseConversationId, parseJson } from '@holdfast/protocol';
import { claimSession, type Claim } from './claim.ts';
import { readRunnerEnvironment, type RunnerEnvironment, type Variables } from './environment.ts';
import { openLogFile, type LogFile } from './log-file.ts';
import { processStamp } from './processes.ts';
import { Runner } from './runner.ts';
import { serveConnection } from './serve-connection.ts';
import { SessionFolder, type Assignment } from './session-folder.ts';
import { ensureSocketFolder, sessionPaths, type SessionPaths } from './session-paths.ts';
import type { StartOutcome } from './starter.ts';
import { thisProgram } from './program.ts';

const flushMs = 1000;
/** More than an agent may take to be ended. */
const lastResortMs = 15_000;

/**
 * `holdfast-agent runner`: waits for its assignment, one JSON line on stdin, answers it with a {@link StartOutcome} on
 * stdout, and is then the runner of that session until it ends. End of input before the assignment: exit 0.
 */
export async function runnerCommand(variables: Variables, program: readonly string[] = thisProgram()): Promise<number> {
  // Whoever started it may go away at any moment, also while it is being answered.
  process.stdout.on('error', () => undefined);
  process.on('SIGHUP', () => undefined);
  // Known before it is asked for: the one who waits for the session need not wait for this.
  processStamp(process.pid);
  const assignment = await readAssignment();
  if (assignment === undefined) return 0;
  try {
    return await runSession(assignment, readRunnerEnvironment(variables), program);
  } catch (thrown) {
    const { code, message } = asStartError(thrown);
    answer({ state: 'failed', code, message });
    return 1;
  }
}

async function runSession(
  assignment: Assignment,
  environment: RunnerEnvironment,
  program: readonly string[],
): Promise<number> {
  const paths = sessionPaths(environment.stateDir, assignment.session);
  const claim = await claimPatiently(paths.folder);
  if (claim === undefined) {
    answer({ state: 'taken' });
    return 0;
  }
  const folder = await SessionFolder.take(paths, claim, assignment);
  return await serve({ folder, environment, program, log: openLogFile(paths.log) });
}

type Serving = {
  readonly folder: SessionFolder;
  readonly environment: RunnerEnvironment;
  readonly program: readonly string[];
  readonly log: LogFile;
};

async function serve({ folder, environment, program, log }: Serving): Promise<number> {
  const sockets = new Set<Socket>();
  let whenEnded: (free: boolean) => void = () => undefined;
  const ended = new Promise<boolean>((resolve) => (whenEnded = resolve));
  const runner = new Runner({
    folder,
    environment,
    log,
    agentArgv: (agent, cwd) => [...program, 'run', agent, '--cwd', cwd],
    onEnded: (free) => whenEnded(free),
  });
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
    serveConnection(socket, runner, log);
  });
  for (const name of ['SIGTERM', 'SIGINT'] as const) process.on(name, () => runner.interrupt());
  process.on('uncaughtException', (error) => {
    log.write('error', 'runner failed', { error: error.stack ?? String(error) });
    // What fails when it ends anyway must not keep it from ending.
    setTimeout(() => process.exit(1), lastResortMs).unref();
    runner.interrupt();
  });
  await listen(server, folder.paths);
  answer({ state: 'ready' });
  const free = await ended;
  // First the door, so that whoever comes now starts a new runner; then the claim, which it needs.
  server.close();
  folder.leave(free);
  await allClosed(sockets);
  return 0;
}

async function listen(server: Server, paths: SessionPaths): Promise<void> {
  ensureSocketFolder(paths.socket);
  // Only the holder of the claim comes here, so a socket that is there is a dead runner's.
  rmSync(paths.socket, { force: true });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(paths.socket, resolve);
  });
  chmodSync(paths.socket, 0o600);
}

/** Two that come at once may both step back (see claim.ts), so it is tried a few times at random distances. */
async function claimPatiently(folder: string): Promise<Claim | undefined> {
  for (let attempt = 0; attempt < 5; attempt += 1) {
    const claim = claimSession(folder);
    if (claim !== undefined) return claim;
    await delay(5 + Math.random() * 40);
  }
  return undefined;
}

async function allClosed(sockets: ReadonlySet<Socket>): Promise<void> {
  const closed = [...sockets].map((socket) => new Promise((resolve) => socket.once('close', resolve)));
  for (const socket of sockets) socket.end();
  await Promise.race([Promise.all(closed), delay(flushMs)]);
  for (const socket of sockets) socket.destroy();
}

function answer(outcome: StartOutcome): void {
  process.stdout.end(`${JSON.stringify(outcome)}\n`);
}

async function readAssignment(): Promise<Assignment | undefined> {
  const text = await new Promise<string>((resolve) => {
    let said = '';
    process.stdin.setEncoding('utf8');
    process.stdin.on('data', (piece: string) => {
      said += piece;
      if (said.includes('\n')) resolve(said);
    });
    process.stdin.once('end', () => resolve(''));
    process.stdin.once('error', () => resolve(''));
  });
  process.stdin.destroy();
  return parseAssignment(text);
}

function parseAssignment(text: string): Assignment | undefined {
  const value = parseJson(text);
  if (!isRecord(value)) return undefined;
  const session = parseConversationId(value['session']);
  const agent = parseAgentName(value['agent']);
  const cwd = value['cwd'];
  return session === undefined || agent === undefined || typeof cwd !== 'string' ? undefined : { session, agent, cwd };
}

function asStartError(thrown: unknown): HoldfastError {
  if (thrown instanceof HoldfastError) return thrown;
  const message = thrown instanceof Error ? thrown.message : String(thrown);
  return new HoldfastError('unavailable', `The runner cannot start: ${message}`, { cause: thrown });
}
