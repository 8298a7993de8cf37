import { connect, type Socket } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { HoldfastError } from '@holdfast/protocol';
import type { Assignment } from './session-folder.ts';
import { sessionPaths } from './session-paths.ts';
import type { RunnerStarter } from './starter.ts';

/** How long a runner may take that somebody else has started and that does not listen yet. */
const patienceMs = 15_000;

export type ConnectOptions = {
  readonly stateDir: string;
  readonly starter: RunnerStarter;
  readonly signal: AbortSignal;
};

/**
 * A connection to the session's runner, which is started when there is none. Throws a HoldfastError that says why there
 * can be none, or the signal's reason.
 */
export async function connectRunner(assignment: Assignment, options: ConnectOptions): Promise<Socket> {
  const { socket: path } = sessionPaths(options.stateDir, assignment.session);
  const giveUpAt = performance.now() + patienceMs;
  for (;;) {
    const socket = await tryConnect(path);
    if (socket !== undefined) return socket;
    options.signal.throwIfAborted();
    if (performance.now() > giveUpAt) {
      throw new HoldfastError(
        'unavailable',
        `Session ${assignment.session} has a runner that does not answer; try again.`,
      );
    }
    const outcome = await options.starter.start(assignment);
    if (outcome.state === 'failed') throw new HoldfastError(outcome.code, outcome.message);
    if (outcome.state === 'taken') await delay(10 + Math.random() * 40, undefined, { signal: options.signal });
  }
}

/** No socket, a dead one, one that was closed while we stood at the door, one with too many at the door. */
const nobody: ReadonlySet<string | undefined> = new Set(['ENOENT', 'ECONNREFUSED', 'ECONNRESET', 'EAGAIN']);

/** Undefined when nobody listens there. */
async function tryConnect(path: string): Promise<Socket | undefined> {
  return await new Promise((resolve, reject) => {
    const socket = connect(path);
    socket.once('connect', () => {
      socket.removeAllListeners('error');
      // A peer that left is not an error; 'close' follows.
      socket.on('error', () => undefined);
      resolve(socket);
    });
    socket.once('error', (error: NodeJS.ErrnoException) => {
      if (nobody.has(error.code)) resolve(undefined);
      else reject(new HoldfastError('unavailable', `${path} cannot be used: ${error.message}`, { cause: error }));
    });
  });
}
