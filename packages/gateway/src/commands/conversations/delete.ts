import { HoldfastError } from '@holdfast/protocol';
import type { Environment } from '../../lib/environment.ts';
import { expectId, readOptions } from '../options.ts';
import { print, type CommandStreams } from '../streams.ts';
import { withStore } from './configured-store.ts';

const command = 'conversations delete';
const usage = `Usage: holdfast ${command} ID... [--force]

Deletes conversations, whoever they belong to: record, messages and all. A gateway that runs on the same store sends those
away who watch them. Ends with 1 when one was not there, or is left alone because a turn runs or waits there.

  --force   also those in which a turn runs or waits; the gateway ends the turn`;

/** `holdfast conversations delete`. */
export async function deleteConversations(
  args: readonly string[],
  env: Environment,
  streams: CommandStreams,
): Promise<number> {
  const { values, positionals } = readOptions(args, command, {
    force: { type: 'boolean', default: false },
    help: { type: 'boolean', short: 'h' },
  });
  if (values.help === true) {
    await print(streams, `${usage}\n`);
    return 0;
  }
  if (positionals.length === 0) {
    throw new HoldfastError('bad_message', `holdfast ${command} takes one ID or more; see holdfast ${command} --help.`);
  }
  const ids = positionals.map(expectId);
  return withStore(env, async (store) => {
    let code = 0;
    for (const id of ids) {
      const outcome = await store.delete(id, { force: values.force });
      if (outcome === 'deleted') await print(streams, `Deleted ${id}.\n`);
      else {
        streams.stderr.write(
          outcome === 'open'
            ? `In ${id} a turn runs or waits; abort it first, or delete it with --force.\n`
            : `There is no conversation ${id}.\n`,
        );
        code = 1;
      }
    }
    return code;
  });
}
