import { HoldfastError } from '@holdfast/protocol';
import type { Environment } from '../../lib/environment.ts';
import { print, withProcessStreams, type CommandStreams } from '../streams.ts';

type Subcommand = (args: readonly string[], env: Environment, streams: CommandStreams) => Promise<number>;

const subcommands: Readonly<Record<string, { readonly about: string; readonly load: () => Promise<Subcommand> }>> = {
  list: {
    about: 'which there are, newest activity first',
    load: async () => (await import('./list.ts')).listConversations,
  },
  show: {
    about: 'one of them, and what was said',
    load: async () => (await import('./show.ts')).showConversation,
  },
  delete: {
    about: 'delete some by their ids',
    load: async () => (await import('./delete.ts')).deleteConversations,
  },
  cleanup: {
    about: 'delete those without activity for a week, or for as long as you say',
    load: async () => (await import('./cleanup.ts')).cleanupConversations,
  },
  backup: {
    about: 'copy the SQLite file, also while it is written to',
    load: async () => (await import('./backup.ts')).backupConversations,
  },
  restore: {
    about: 'put such a copy in its place',
    load: async () => (await import('./backup.ts')).restoreConversations,
  },
  import: {
    about: 'bring in what the original Backend Agent stored',
    load: async () => (await import('./import.ts')).importCommand,
  },
};

/** `holdfast conversations`: the durable conversations, straight from the configured store; no gateway need run. */
export function conversationsCommand(args: readonly string[], env: Environment): Promise<number> {
  return withProcessStreams(env, (streams) => runConversations(args, env, streams));
}

/** The same with streams of one's own. */
export async function runConversations(
  args: readonly string[],
  env: Environment,
  streams: CommandStreams,
): Promise<number> {
  const [name, ...rest] = args;
  if (name === undefined || name === '--help' || name === '-h' || name === 'help') {
    if (name === undefined) streams.stderr.write(`${usage()}\n`);
    else await print(streams, `${usage()}\n`);
    return name === undefined ? 2 : 0;
  }
  const subcommand = Object.hasOwn(subcommands, name) ? subcommands[name] : undefined;
  if (subcommand === undefined) {
    const what = name.startsWith('-') ? `Unknown option '${name}'` : `There is no command "conversations ${name}"`;
    throw new HoldfastError('bad_message', `${what}; see holdfast conversations --help.`);
  }
  const run = await subcommand.load();
  try {
    return await run(rest, env, streams);
  } catch (error) {
    if (!(error instanceof HoldfastError) || !isRefusal(error)) throw error;
    streams.stderr.write(`${error.message}\n`);
    return 1;
  }
}

/** It was understood, and what it is about is not there, or somebody is in the way. */
function isRefusal({ code }: HoldfastError): boolean {
  return code === 'not_found' || code === 'conflict';
}

function usage(): string {
  const list = Object.entries(subcommands).map(([name, { about }]) => `  ${name.padEnd(8)} ${about}`);
  return `Usage: holdfast conversations COMMAND [OPTIONS]

The durable conversations, straight from the store that PERSISTENCE_ADAPTER names (docs/operating.md); no gateway need run.

${list.join('\n')}

holdfast conversations COMMAND --help tells more. They end with 0 when it was done, with 1 when something was not there or
was left alone, with 2 when they could not begin.`;
}
