import { existsSync, realpathSync } from 'node:fs';
import { HoldfastError, parseAgentName, parseProjectId } from '@holdfast/protocol';
import { openStore } from '../../compose.ts';
import { readStoreConfig, type StoreConfig } from '../../config.ts';
import type { Environment } from '../../lib/environment.ts';
import type { OriginalStorage } from '../../conversations/original/original.ts';
import { SQLiteOriginal } from '../../conversations/original/original.sqlite.ts';
import type { ConversationStore } from '../../conversations/store.ts';
import { importOriginal, type ImportOptions, type ImportOutcome } from '../../library/import-original.ts';
import { ImportTally, type ImportReport } from '../../library/import-report.ts';
import { oneLine } from '../chat/printable.ts';
import { readOptions } from '../options.ts';
import { print, type CommandStreams } from '../streams.ts';
import { mustOutlive } from './configured-store.ts';

const command = 'conversations import';
const usage = `Usage: holdfast ${command} SOURCE [OPTIONS]

Brings the conversations of the original Backend Agent into the store that PERSISTENCE_ADAPTER names. SOURCE is the SQLite
file that it wrote, or dynamodb:TABLE[@REGION]; it is only read, also while the original runs. Done again, it imports
nothing twice; stopped at any moment, it can be done again. docs/library.md tells what becomes of which field.

  --dry-run      look and tell; write nothing
  --project P    the project that they belong to from now on (default: imported)
  --agent A      the agent that goes on with them (default: claude)
  --overwrite    what has changed since it was imported takes the place of what is here
  --touch        those that are expired (CONVERSATION_TTL_HOURS) are imported as if they were active now, not skipped
  --json         the report as one JSON object

Ends with 0 when all are here, with 1 when there were conflicts or corrupt ones, which are named, with 2 when the source or
the store cannot be read or written.`;

type Source =
  | { readonly kind: 'sqlite'; readonly path: string }
  | { readonly kind: 'dynamodb'; readonly address: Extract<StoreConfig, { readonly kind: 'dynamodb' }> };

/** `holdfast conversations import`. */
export async function importCommand(
  args: readonly string[],
  env: Environment,
  streams: CommandStreams,
): Promise<number> {
  const { values, positionals } = readOptions(args, command, {
    ...{ 'dry-run': { type: 'boolean', default: false }, overwrite: { type: 'boolean', default: false } },
    ...{ touch: { type: 'boolean', default: false }, json: { type: 'boolean', default: false } },
    ...{ project: { type: 'string', default: 'imported' }, agent: { type: 'string', default: 'claude' } },
    help: { type: 'boolean', short: 'h' },
  });
  if (values.help === true) {
    await print(streams, `${usage}\n`);
    return 0;
  }
  const [text, ...more] = positionals;
  if (text === undefined || text === '' || more.length > 0) {
    throw new HoldfastError('bad_message', `holdfast ${command} takes one SOURCE; see holdfast ${command} --help.`);
  }
  const projectId = expectName('project', values.project, parseProjectId, '1 to 64 of a-z, 0-9 and -');
  const agent = expectName('agent', values.agent, parseAgentName, 'an agent’s name');
  const source = parseSource(text, env);
  const config = readStoreConfig(env);
  const isDryRun = values['dry-run'];
  if (!isDryRun) mustOutlive(config.store);
  mustDiffer(source, config.store);

  const storage = await openSource(source);
  try {
    const store = await openTarget(config, isDryRun);
    try {
      const { overwrite: overwrites, touch: touches } = values;
      const ttlMs = config.conversationTtlMs;
      const options = { projectId, agent, isDryRun, overwrites, touches, ttlMs };
      return await run(storage, store, options, { ...streams, isJson: values.json });
    } finally {
      await store.close();
    }
  } finally {
    await storage.close();
  }
}

async function run(
  storage: OriginalStorage,
  store: ConversationStore,
  options: ImportOptions,
  streams: CommandStreams & { readonly isJson: boolean },
): Promise<number> {
  const tally = new ImportTally();
  let isStopped = false;
  try {
    for await (const outcome of importOriginal(storage, store, options)) {
      tally.add(outcome);
      if (!streams.isJson) tellProblem(outcome, streams);
      isStopped = streams.interrupt.aborted;
      if (isStopped) break;
    }
  } catch (thrown) {
    const { imported, updated } = tally.report(options.isDryRun).counts;
    if (imported + updated === 0 || options.isDryRun) throw thrown;
    const { code, message } = HoldfastError.from(thrown);
    const before = `${imported + updated} were imported before that; do it again for the rest.`;
    throw new HoldfastError(code, `${message.replace(/\.?$/, '.')} ${before}`, { cause: thrown });
  }
  const report = tally.report(options.isDryRun);
  await print(
    streams,
    streams.isJson ? `${JSON.stringify({ ...published(report), complete: !isStopped })}\n` : summary(report),
  );
  if (isStopped && !streams.isJson) streams.stderr.write('Stopped; do it again for the rest.\n');
  return tally.isFine && !isStopped ? 0 : 1;
}

function tellProblem({ kind, name, why }: ImportOutcome, { stderr }: CommandStreams): void {
  if (kind === 'conflict' || kind === 'corrupt') stderr.write(`${kind}: ${oneLine(`${name}: ${why ?? ''}`, 500)}\n`);
}

function summary({ isDryRun, counts, statuses, ids, numbersAsText }: ImportReport): string {
  const { imported, updated, conflict, corrupt, expired } = counts;
  const numbers = [
    `${imported} imported`,
    ...(updated > 0 ? [`${updated} updated`] : []),
    `${counts['already-there']} already there`,
    `${conflict} ${conflict === 1 ? 'conflict' : 'conflicts'}`,
    `${corrupt} corrupt`,
    ...(expired > 0 ? [`${expired} expired`] : []),
  ];
  const lines = [
    ...(isDryRun ? ['Dry run: nothing was written. It would be:'] : []),
    numbers.join(', '),
    ...(expired > 0 ? [`  ${expired} expired and were skipped; --touch imports them as if they were active now`] : []),
    ...statuses.map(
      ({ was, is, count }) => `  status "${oneLine(was, 100)}" became ${is} (${count}); originalStatus keeps it`,
    ),
    ...(ids.length > 0 ? ['  ids that have not our form; originalConversationId keeps them:'] : []),
    ...ids.slice(0, 20).map(({ was, is }) => `    ${JSON.stringify(oneLine(was, 100))} became ${is}`),
    ...(ids.length > 20 ? ['    …; --json tells more'] : []),
    ...(numbersAsText > 0 ? [`  ${numbersAsText} numbers that JavaScript cannot hold became text`] : []),
    ...(conflict > 0 ? ['  conflicts: --overwrite puts what the source has in the place of what is here'] : []),
  ];
  return `${lines.join('\n')}\n`;
}

function published({ isDryRun, counts, ...rest }: ImportReport) {
  const { 'already-there': alreadyThere, conflict: conflicts, ...others } = counts;
  return { dryRun: isDryRun, ...others, alreadyThere, conflicts, ...rest };
}

function parseSource(text: string, env: Environment): Source {
  if (!text.startsWith('dynamodb:')) return { kind: 'sqlite', path: text };
  const { table, region } = /^dynamodb:(?<table>[\w.-]{3,255})(?:@(?<region>[a-z0-9-]+))?$/.exec(text)?.groups ?? {};
  if (table === undefined) {
    throw new HoldfastError('bad_message', `SOURCE is a file, or dynamodb:TABLE[@REGION], and is "${text}".`);
  }
  const { store } = readStoreConfig(env, { PERSISTENCE_ADAPTER: 'dynamodb' });
  return { kind: 'dynamodb', address: { ...store, tableName: table, region: region ?? store.region } };
}

/** The original's default path and table are ours too: both cannot live in one. */
function mustDiffer(source: Source, store: StoreConfig): void {
  if (source.kind === 'sqlite' && store.kind === 'sqlite') {
    if (!existsSync(source.path) || !existsSync(store.path)) return;
    if (realpathSync(source.path) !== realpathSync(store.path)) return;
    throw sameError(`${source.path} is also the store`, 'SQLITE_DB_PATH to another file');
  }
  if (source.kind === 'dynamodb' && store.kind === 'dynamodb') {
    const { tableName, region, endpoint } = source.address;
    if (tableName !== store.tableName || region !== store.region || endpoint !== store.endpoint) return;
    throw sameError(`Table ${tableName} is also the store`, 'DYNAMODB_TABLE_NAME to another table');
  }
}

function sameError(what: string, wayOut: string): HoldfastError {
  return new HoldfastError('bad_message', `${what} that is to be imported into; set ${wayOut}.`);
}

async function openSource(source: Source): Promise<OriginalStorage> {
  if (source.kind === 'sqlite') return new SQLiteOriginal(source.path);
  const { DynamoDBOriginal } = await import('../../conversations/original/original.dynamodb.ts');
  return new DynamoDBOriginal(source.address);
}

/** A dry run does not even make the file. */
function openTarget(config: ReturnType<typeof readStoreConfig>, isDryRun: boolean): Promise<ConversationStore> {
  const isMissing = config.store.kind === 'sqlite' && !existsSync(config.store.path);
  return openStore(isDryRun && isMissing ? { ...config, store: { kind: 'memory' } } : config);
}

function expectName<Name>(option: string, text: string, parse: (text: string) => Name | undefined, rule: string): Name {
  const name = parse(text);
  if (name !== undefined) return name;
  throw new HoldfastError('bad_message', `--${option} must be ${rule}, and is "${text}".`);
}
