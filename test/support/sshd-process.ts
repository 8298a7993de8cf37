import { spawn, type ChildProcess } from 'node:child_process';
import { freePort } from './free-port.ts';
import { allProcesses } from './processes.ts';

/** An sshd in the foreground. */
export type SshdProcess = {
  readonly port: number;
  /** What it has said so far. */
  readonly log: () => string;
  /** It reads its configuration and keys again, in the same process; open connections stay. */
  readonly reload: () => Promise<void>;
  /** Kills the sshd processes below this one, and nothing else: what they ran must find out by itself. */
  readonly killConnections: () => Promise<void>;
  /** Stops those processes: the connections stay and are dead, as when a network is gone without a word. */
  readonly freezeConnections: () => Promise<void>;
  /** Ends it and its connections. Twice is fine. */
  readonly stop: () => Promise<void>;
};

/** Starts it on a free port. A port may be taken by somebody else before sshd has it: then another one. */
export async function startOnFreePort(
  config: string,
  configure: (port: number) => Promise<void>,
): Promise<SshdProcess> {
  for (let attempt = 1; ; attempt += 1) {
    const port = await freePort();
    await configure(port);
    const server = await startSshdProcess(config, port).catch((error: unknown) => {
      if (attempt === 5 || !/already in use|Cannot bind/.test(String(error))) throw error;
    });
    if (server !== undefined) return server;
  }
}

/** Starts it with this sshd_config, in which the port stands. Resolves when it listens. */
export async function startSshdProcess(config: string, port: number): Promise<SshdProcess> {
  const child = spawn('/usr/sbin/sshd', ['-D', '-e', '-f', config], { stdio: ['ignore', 'ignore', 'pipe'] });
  // A test run that breaks off must not leave it behind.
  const killAtExit = (): void => void child.kill('SIGKILL');
  process.once('exit', killAtExit);
  child.once('close', () => process.off('exit', killAtExit));
  let log = '';
  let heard = 0;
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    log += text;
  });
  /** Resolves when it has said once more that it listens. */
  const listening = async (): Promise<void> => {
    heard += 1;
    await new Promise<void>((resolve, reject) => {
      const look = (): void => {
        if (log.split('Server listening on').length > heard) resolve();
      };
      child.stderr.on('data', look);
      child.once('close', () => reject(new Error(`sshd ended: ${log}`)));
      look();
    });
  };
  await listening();
  return {
    port,
    log: () => log,
    reload: () => {
      child.kill('SIGHUP');
      return listening();
    },
    killConnections: () => signalBelow(child, 'SIGKILL'),
    freezeConnections: () => signalBelow(child, 'SIGSTOP'),
    stop: async () => {
      if (child.exitCode !== null || child.signalCode !== null) return;
      const gone = new Promise((resolve) => child.once('close', resolve));
      await signalBelow(child, 'SIGKILL');
      child.kill('SIGTERM');
      await gone;
    },
  };
}

async function signalBelow(server: ChildProcess, signal: NodeJS.Signals): Promise<void> {
  const all = await allProcesses();
  const parents = new Set([server.pid]);
  // Ids do not say who came first, so look until nobody is added.
  for (let before = 0; before !== parents.size;) {
    before = parents.size;
    for (const one of all) if (parents.has(one.parent) && one.name.startsWith('sshd')) parents.add(one.id);
  }
  parents.delete(server.pid);
  for (const id of parents) if (id !== undefined) send(signal, id);
}

function send(signal: NodeJS.Signals, id: number): void {
  try {
    process.kill(id, signal);
  } catch {
    // Its connection has just ended.
  }
}
