import { statSync } from 'node:fs';
import { resolve } from 'node:path';
import { HoldfastError } from '@holdfast/protocol';
import { readStoreConfig } from '../../config.ts';
import type { Environment } from '../../lib/environment.ts';
import { readOptions } from '../options.ts';
import { print, type CommandStreams } from '../streams.ts';
import { mustExist, mustOutlive } from './configured-store.ts';

const backupUsage = `Usage: holdfast conversations backup FILE

Copies the SQLite file that SQLITE_DB_PATH names as it is at one moment, also while gateways write to it. The copy is checked,
and FILE is there only when it is whole. What is there already is not overwritten.`;

const restoreUsage = `Usage: holdfast conversations restore FILE

Puts a backup in the place of the SQLite file that SQLITE_DB_PATH names, when it was checked and nobody uses that file: stop
the gateways first. What was there is kept beside it, as …before-restore-TIME.`;

/** `holdfast conversations backup`. */
export async function backupConversations(
  args: readonly string[],
  env: Environment,
  streams: CommandStreams,
): Promise<number> {
  const file = readFileArgument(args, 'conversations backup');
  if (file === undefined) return help(streams, backupUsage);
  const path = sqlitePath(env);
  mustExist(path);
  const { backupFile } = await import('../../conversations/sqlite/backup.sqlite.ts');
  await backupFile(path, file);
  await print(streams, `${file} holds the conversations of ${path} (${statSync(file).size} bytes).\n`);
  return 0;
}

/** `holdfast conversations restore`. */
export async function restoreConversations(
  args: readonly string[],
  env: Environment,
  streams: CommandStreams,
): Promise<number> {
  const file = readFileArgument(args, 'conversations restore');
  if (file === undefined) return help(streams, restoreUsage);
  const path = sqlitePath(env);
  const { restoreFile } = await import('../../conversations/sqlite/backup.sqlite.ts');
  await restoreFile(file, path);
  await print(streams, `${path} holds the conversations of ${file} now.\n`);
  return 0;
}

/** Undefined: help was asked for. */
function readFileArgument(args: readonly string[], command: string): string | undefined {
  const { values, positionals } = readOptions(args, command, { help: { type: 'boolean', short: 'h' } });
  if (values.help === true) return undefined;
  const [file, ...others] = positionals;
  if (file !== undefined && file !== '' && others.length === 0) return resolve(file);
  throw new HoldfastError('bad_message', `holdfast ${command} takes one FILE; see holdfast ${command} --help.`);
}

function sqlitePath(env: Environment): string {
  const { store } = readStoreConfig(env);
  mustOutlive(store);
  if (store.kind === 'sqlite') return store.path;
  throw new HoldfastError(
    'bad_message',
    'This is for SQLite files. DynamoDB keeps backups itself: aws dynamodb create-backup, or point-in-time recovery, ' +
      'for both tables (docs/operating.md).',
  );
}

async function help(streams: CommandStreams, usage: string): Promise<number> {
  await print(streams, `${usage}\n`);
  return 0;
}
