import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import type { Memory } from './contender.ts';
import type { MemoryAnswer } from './memory-probe.ts';

const probe = fileURLToPath(new URL('memory-probe.ts', import.meta.url));

export type ServerOptions = {
  readonly env?: Readonly<Record<string, string>>;
  /** Modules that are loaded before it. */
  readonly preload?: readonly string[];
};

/** Starts a server's program with the memory probe in it. Its stderr is the bench's. */
export function startServer(file: string, args: readonly string[], options: ServerOptions = {}): ChildProcess {
  return fork(file, args, {
    env: options.env ?? process.env,
    execArgv: ['--expose-gc', ...[probe, ...(options.preload ?? [])].flatMap((path) => ['--import', path])],
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
  });
}

/** The next message of a kind; rejects when the server ends before it says so. */
export function nextMessage<Message extends { readonly kind: string }>(
  server: ChildProcess,
  kind: Message['kind'],
): Promise<Message> {
  const { promise, resolve, reject } = Promise.withResolvers<Message>();
  const onMessage = (message: Message): void => {
    if (message.kind !== kind) return;
    server.off('message', onMessage);
    server.off('exit', onExit);
    resolve(message);
  };
  const onExit = (code: number | null): void => reject(new Error(`the server ended with ${code}`));
  server.on('message', onMessage);
  server.once('exit', onExit);
  promise.catch(() => undefined);
  return promise;
}

export async function memoryOf(server: ChildProcess): Promise<Memory> {
  const answer = nextMessage<MemoryAnswer>(server, 'memory');
  server.send({ kind: 'memory' });
  const { rssBytes, heapBytes } = await answer;
  return { rssBytes, heapBytes };
}

/** TERM, then KILL; resolves when it is gone. */
export async function stopServer(server: ChildProcess): Promise<void> {
  if (server.exitCode !== null || server.signalCode !== null) return;
  const exited = once(server, 'exit');
  server.kill('SIGTERM');
  const kill = setTimeout(() => server.kill('SIGKILL'), 5000);
  await exited;
  clearTimeout(kill);
}
