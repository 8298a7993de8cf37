import { setTimeout as pause } from 'node:timers/promises';
import { clockOf, type ClockSetting } from './quick-clock.ts';
import { GatedEntries, type OutboxMoment } from './gated-entries.ts';
import { draftsOnGitHub, type DraftsOnGitHub } from './drafts-on-github.ts';
import { warnings } from './loggers.ts';
import { sampleDraft } from './sample-draft.ts';

/*
 * node draft-writer.process.ts ORDERS (forked): publishes drafts as a gateway does, on a SQLite store, and tells over the channel how
 * far it is. It stands still where it is told to, and is killed there.
 */

export type WriterOrders = Omit<DraftsOnGitHub, 'entries' | 'clock' | 'onFinished' | 'log'> & {
  readonly storePath: string;
  readonly clock: ClockSetting;
  /** Numbers of sample drafts to publish at once. Without any: whatever is open in the store, as after a start. */
  readonly publish: readonly { readonly number: number; readonly baseSha: string; readonly projectId: string }[];
  readonly stopAt: readonly (OutboxMoment & {
    /** Wait there for ever, or stop the whole process until somebody continues it. */
    readonly how: 'wait' | 'freeze';
  })[];
};

export type WriterSaid =
  | { readonly kind: 'standing'; readonly moment: OutboxMoment }
  /** All that it was to publish has ended. */
  | { readonly kind: 'settled' }
  | { readonly kind: 'ended'; readonly draftId: string; readonly end: unknown };

const orders = parseOrders(process.argv[2] ?? '');
const { SQLiteConversationStore } = await import('../../../packages/gateway/src/conversations/store.sqlite.ts');
const store = new SQLiteConversationStore(orders.storePath, { ttlMs: null });
const drafts = draftsOnGitHub({
  ...orders,
  log: warnings,
  clock: clockOf(orders.clock),
  entries: new GatedEntries(store, gate),
  onFinished: ({ draftId, end }) => say({ kind: 'ended', draftId, end }),
});
// Whoever started it is gone: nobody would end it.
process.on('disconnect', () => process.exit(1));
await Promise.all(
  orders.publish.map(async ({ number, baseSha, projectId }) => {
    const draft = sampleDraft(number, baseSha, projectId);
    const requested = await drafts.request(draft);
    if (requested.kind === 'refused') throw new Error(JSON.stringify(requested.faults));
    // An attempt that came to nothing on a busy machine, whose time runs 30 times as fast, is put off.
    while ((await drafts.publish(draft.draftId)).kind === 'open') await pause(100);
  }),
);
await say({ kind: 'settled' });
drafts.start();

async function gate(moment: OutboxMoment): Promise<void> {
  const stop = orders.stopAt.find(
    ({ draftId, step, phase, when }) =>
      draftId === moment.draftId && step === moment.step && phase === moment.phase && when === moment.when,
  );
  if (stop === undefined) return;
  await say({ kind: 'standing', moment });
  if (stop.how === 'freeze') process.kill(process.pid, 'SIGSTOP');
  else await new Promise<never>(() => undefined);
}

function say(said: WriterSaid): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  process.send?.(said, (error: Error | null) => (error === null ? resolve() : reject(error)));
  return promise;
}

function parseOrders(text: string): WriterOrders {
  return JSON.parse(text) as WriterOrders;
}
