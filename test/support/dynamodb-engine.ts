import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { connect } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import type { DynamoDBAddress } from '../../packages/gateway/src/conversations/dynamodb/connection.dynamodb.ts';
import { createTables } from '../../packages/gateway/src/conversations/dynamodb/tables.dynamodb.ts';
import { freePort } from './free-port.ts';

/** Something that speaks DynamoDB, for as long as a test file runs. */
export type DynamoDBEngine = AsyncDisposable & {
  readonly name: string;
  readonly endpoint: string;
  readonly processId: number;
  /** Makes the two tables under a name of their own and says where they are. */
  readonly createTables: (name: string) => Promise<Required<DynamoDBAddress>>;
  /** Stops its process, which then takes connections and says nothing, until `thaw`. */
  readonly freeze: () => void;
  readonly thaw: () => void;
};

// The SDK would ask the metadata service of the machine that the tests run on for credentials.
process.env['AWS_EC2_METADATA_DISABLED'] = 'true';

const maxStartMs = 60_000;
let count = 0;

/** Starts it on a free port and waits until it listens. A port may be taken by somebody else meanwhile: then another one. */
export async function startEngine(name: string, start: (port: number) => ChildProcess): Promise<DynamoDBEngine> {
  for (let attempt = 1; ; attempt += 1) {
    const port = await freePort();
    const child = start(port);
    // A test run that breaks off must not leave it behind.
    const killAtExit = (): void => void child.kill('SIGKILL');
    process.once('exit', killAtExit);
    child.once('close', () => process.off('exit', killAtExit));
    let log = '';
    for (const stream of [child.stdout, child.stderr]) {
      stream?.setEncoding('utf8').on('data', (text: string) => {
        log = (log + text).slice(-4_000);
      });
    }
    if (await isListening(child, port)) return engineOf(name, child, port);
    await stop(child);
    if (attempt === 3) throw new Error(`${name} did not start: ${log}`);
  }
}

function engineOf(name: string, child: ChildProcess, port: number): DynamoDBEngine {
  const endpoint = `http://127.0.0.1:${port}`;
  return {
    name,
    endpoint,
    processId: child.pid as number,
    createTables: async (prefix) => {
      const address = { tableName: `${prefix}-${process.pid}-${count++}`, region: 'us-east-1', endpoint };
      await createTables(address);
      return address;
    },
    freeze: () => void child.kill('SIGSTOP'),
    thaw: () => void child.kill('SIGCONT'),
    [Symbol.asyncDispose]: () => stop(child),
  };
}

async function isListening(child: ChildProcess, port: number): Promise<boolean> {
  const until = performance.now() + maxStartMs;
  while (child.exitCode === null && child.signalCode === null && performance.now() < until) {
    if (await answers(port)) return true;
    await delay(50);
  }
  return false;
}

function answers(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    socket.once('connect', () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', () => resolve(false));
  });
}

async function stop(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const gone = once(child, 'close');
  child.kill('SIGKILL');
  await gone;
}
