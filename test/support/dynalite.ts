import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { installCachedPackage } from './cached-package.ts';
import { startEngine, type DynamoDBEngine } from './dynamodb-engine.ts';

const version = '4.0.0';

/** dynalite, in memory, in a process of its own, on a free port of loopback. */
export async function startDynalite(): Promise<DynamoDBEngine> {
  const installed = await installCachedPackage('dynalite', version);
  const program = join(installed, 'node_modules', 'dynalite', 'cli.js');
  const times = ['--createTableMs', '0', '--deleteTableMs', '0', '--updateTableMs', '0'];
  return startEngine('dynalite', (port) =>
    spawn(process.execPath, [program, '--host', '127.0.0.1', '--port', String(port), ...times], {
      stdio: ['ignore', 'pipe', 'pipe'],
    }),
  );
}
