import { TestGateway } from '../test/support/gateway.ts';
import { randomFrom } from '../test/support/random.ts';
import { until } from '../test/support/until.ts';
import { killAtRandom, type Kind } from './faults/kill-at-random.ts';
import { SteadyViewer } from './faults/steady-viewer.ts';
import { Tally } from './faults/tally.ts';
import { table } from './table.ts';

export type FaultOptions = { readonly kills: number; readonly seed: number };

/** Deltas of each turn, one every two milliseconds: longer than the pauses between kills. */
const deltas = 1_500;

type Watch = { readonly tally: Tally; readonly viewer: SteadyViewer };

/**
 * Kills parts at random moments of long turns: of two gateways on one store, each with a viewer that comes back after every
 * cut and sends every other prompt. Counts what the viewers saw. Rejects, with the figures, when anything was lost, came
 * twice or was left over, or a prompt did not end exactly once.
 */
export async function faults({ kills, seed }: FaultOptions): Promise<string> {
  const began = performance.now();
  const first = await TestGateway.start({ env: { LOG_LEVEL: 'warn' } });
  const second = await first.sibling();
  const watches = await watchBoth(first, second);
  let sent = 0;
  const turn = async (): Promise<void> => {
    const { viewer } = watches[sent % 2] as Watch;
    sent++;
    await viewer.turn(`turn-${sent}`, `stream ${deltas} 2`, sent);
  };

  const over = new AbortController();
  const talking = (async () => {
    while (!over.signal.aborted) await turn();
  })();
  const killed = await killAtRandom([first, second], kills, randomFrom(seed));
  over.abort();
  await talking;
  const areEven = (): boolean => watches[0].tally.seq === watches[1].tally.seq;
  await until('both viewers to have the same', areEven);
  // The last ones are left in peace: they must come whole.
  const cut = cutShort(watches[0].tally);
  await turn();
  await turn();
  const isWellAfterwards = cutShort(watches[0].tally) === cut;
  await until('both viewers to have the same', areEven);
  for (const { tally, viewer } of watches) {
    tally.close();
    viewer.close();
  }
  await second.kill('SIGTERM');
  const leftOver = await first.end().then(
    () => 0,
    (error: unknown) => String(error),
  );

  const seconds = Math.round((performance.now() - began) / 1000);
  const text = `seed ${seed} (--seed ${seed} makes the same choices again), ${seconds} s\n\n${reportOf(killed, watches, sent, leftOver)}`;
  const isWell = watches.every((watch) => isWhole(watch, sent)) && leftOver === 0;
  if (!isWell || !isWellAfterwards) throw new Error(`faults were seen:\n${text}`);
  return text;
}

async function watchBoth(first: TestGateway, second: TestGateway): Promise<readonly [Watch, Watch]> {
  const watch = (gateway: TestGateway, conversation: string): Watch => {
    const tally = new Tally(deltas);
    const url = `${gateway.url.replace('http', 'ws')}/projects/shop/agent/demo`;
    return { tally, viewer: new SteadyViewer({ url, token: 'ada-token', tally, conversation }) };
  };
  const one = watch(first, 'new');
  return [one, watch(second, await until('the conversation', () => one.viewer.conversation))];
}

function isWhole({ tally, viewer }: Watch, sent: number): boolean {
  return tally.holes + tally.duplicates + viewer.snapshots + tally.notOnce === 0 && tally.prompts === sent;
}

/** Turns that were cut short. */
function cutShort({ done, ends }: Tally): number {
  return done - (ends.get('completed') ?? 0);
}

function reportOf(
  killed: ReadonlyMap<Kind, number>,
  watches: readonly Watch[],
  sent: number,
  leftOver: string | number,
): string {
  const row = (name: string, of: (watch: Watch) => string | number): readonly string[] => [
    name,
    ...watches.map((watch) => String(of(watch))),
  ];
  return [
    table(
      ['killed with SIGKILL', 'times'],
      [...killed].map(([kind, times]) => [kind, String(times)]),
    ),
    table(
      ['seen by a viewer', 'at the first gateway', 'at the second'],
      [
        row('connections', ({ viewer }) => viewer.connections),
        row('messages', ({ tally }) => tally.messages),
        row('holes', ({ tally }) => tally.holes),
        row('duplicates', ({ tally }) => tally.duplicates),
        row('snapshots instead of a replay', ({ viewer }) => viewer.snapshots),
        row(`prompts, of ${sent} sent`, ({ tally }) => tally.prompts),
        row('prompts not done exactly once', ({ tally }) => tally.notOnce),
        row('ends', ({ tally }) => [...tally.ends].map(([reason, count]) => `${count} ${reason}`).join(', ')),
      ],
    ),
    `Left-over processes: ${leftOver}`,
  ].join('\n');
}
