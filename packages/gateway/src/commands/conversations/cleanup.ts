import type { Environment } from '../../lib/environment.ts';
import { expectHours, expectNone, readOptions } from '../options.ts';
import { print, type CommandStreams } from '../streams.ts';
import { withStore } from './configured-store.ts';

const command = 'conversations cleanup';
const usage = `Usage: holdfast ${command} [--ttl-hours N] [--json]

Deletes the conversations of all users whose last activity is at least so many hours ago; those in which a turn runs or
waits are left alone. A gateway does this once a day by itself; this is for cron. ctrl-c stops it between two batches, and
what was deleted stays deleted (it ends with 1 then).

  --ttl-hours N   how many hours (default: CONVERSATION_TTL_HOURS, else 168)
  --json          {"deleted": N, "complete": true}`;

const hourMs = 3_600_000;

/** `holdfast conversations cleanup`. */
export async function cleanupConversations(
  args: readonly string[],
  env: Environment,
  streams: CommandStreams,
): Promise<number> {
  const { values, positionals } = readOptions(args, command, {
    'ttl-hours': { type: 'string' },
    json: { type: 'boolean' },
    help: { type: 'boolean', short: 'h' },
  });
  if (values.help === true) {
    await print(streams, `${usage}\n`);
    return 0;
  }
  expectNone(positionals, command);
  const hours = values['ttl-hours'];
  const asked = hours === undefined ? undefined : expectHours('ttl-hours', hours) * hourMs;
  return withStore(env, async (store, { conversationTtlMs }) => {
    const ttlMs = asked ?? conversationTtlMs;
    const { interrupt: signal } = streams;
    const deleted = ttlMs === null ? 0 : await store.cleanup({ before: Date.now() - ttlMs, signal });
    // Not conversations, so they are not counted: what is left of tokens and drafts of long ago.
    await store.sweepEntries({ signal });
    const complete = !signal.aborted;
    if (values.json === true) await print(streams, `${JSON.stringify({ deleted, complete })}\n`);
    else if (ttlMs === null) {
      await print(
        streams,
        'Nothing was deleted: CONVERSATION_TTL_HOURS=0 keeps all for ever; --ttl-hours N goes before it.\n',
      );
    } else {
      const count = `${deleted} ${deleted === 1 ? 'conversation' : 'conversations'}`;
      await print(streams, complete ? `Deleted ${count}.\n` : `Stopped; ${count} had been deleted by then.\n`);
    }
    return complete ? 0 : 1;
  });
}
