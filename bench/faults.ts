import { setTimeout as delay } from 'node:timers/promises';
import { TestGateway } from '../test/support/gateway.ts';
import { randomFrom } from '../test/support/random.ts';
import { SteadyViewer } from './faults/steady-viewer.ts';
import { Tally } from './faults/tally.ts';
import { table } from './table.ts';

/** What is killed: the gateway, the link to the machine, the runner, the agent CLI (`holdfast-agent run`). */
const kinds = ['gateway', 'link', 'runner', 'run'] as const;
type Kind = (typeof kinds)[number];

export type FaultOptions = { readonly kills: number; readonly seed: number };

/** Deltas of each turn, one every two milliseconds: longer than the pauses between kills. */
const deltas = 1_500;
const maxPauseMs = 500;
/** Those that a turn survives more often than those that end it, so that turns of every length are met. */
const choices: readonly Kind[] = ['gateway', 'gateway', 'gateway', 'link', 'link', 'runner', 'run'];
/** One in five kills takes another part with it at the same moment. */
const bothShare = 0.2;

/**
 * Kills parts at random moments of long turns, with a viewer that comes back after every cut, and counts what it saw.
 * Rejects, with the figures, when anything was lost, came twice, was left over, or a prompt did not end exactly once.
 */
export async function faults({ kills, seed }: FaultOptions): Promise<string> {
  const began = performance.now();
  const gateway = await TestGateway.start({ env: { LOG_LEVEL: 'warn' } });
  const tally = new Tally(deltas);
  const viewer = new SteadyViewer(`${gateway.url.replace('http', 'ws')}/projects/shop/agent/demo`, 'ada-token', tally);
  let sent = 0;
  const turn = (): Promise<void> => viewer.turn(`turn-${++sent}`, `stream ${deltas} 2`);

  const over = new AbortController();
  const talking = (async () => {
    while (!over.signal.aborted) await turn();
  })();
  const killed = await killAtRandom(gateway, kills, randomFrom(seed));
  over.abort();
  await talking;
  // The last one is left in peace: it must come whole.
  const completed = tally.ends.get('completed') ?? 0;
  await turn();
  const isWellAfterwards = tally.ends.get('completed') === completed + 1;
  tally.close();
  viewer.close();
  const leftOver = await gateway.end().then(
    () => 0,
    (error: unknown) => String(error),
  );

  const ends = [...tally.ends].map(([reason, count]) => `${count} ${reason}`).join(', ');
  const report = [
    `seed ${seed} (--seed ${seed} makes the same choices again), ${Math.round((performance.now() - began) / 1000)} s\n`,
    table(
      ['killed with SIGKILL', 'times'],
      [...killed].map(([kind, times]) => [kind, String(times)]),
    ),
    table(
      ['seen by the viewer', ''],
      [
        ['connections', String(viewer.connections)],
        ['messages', String(tally.messages)],
        ['holes', String(tally.holes)],
        ['duplicates', String(tally.duplicates)],
        ['snapshots instead of a replay', String(viewer.snapshots)],
        ['prompts sent', String(sent)],
        ['prompts in the log', String(tally.prompts)],
        ['prompts not done exactly once', String(tally.notOnce)],
        ['ends', ends],
        ['left-over processes', String(leftOver)],
      ],
    ),
  ].join('\n');
  const isWell =
    tally.holes + tally.duplicates + viewer.snapshots + tally.notOnce === 0 && tally.prompts === sent && leftOver === 0;
  if (!isWell || !isWellAfterwards) throw new Error(`faults were seen:\n${report}`);
  return report;
}

async function killAtRandom(gateway: TestGateway, kills: number, random: () => number): Promise<Map<Kind, number>> {
  const killed = new Map<Kind, number>(kinds.map((kind) => [kind, 0]));
  for (let count = 0; count < kills;) {
    await delay(random() * maxPauseMs);
    const first = choices[Math.floor(random() * choices.length)] as Kind;
    const second = random() < bothShare ? (choices[Math.floor(random() * choices.length)] as Kind) : first;
    for (const kind of new Set([first, second])) {
      if (!kill(gateway, kind)) continue;
      killed.set(kind, (killed.get(kind) ?? 0) + 1);
      count++;
    }
    if (first === 'gateway' || second === 'gateway') {
      await gateway.kill();
      await gateway.start();
    }
  }
  return killed;
}

/** False when there is none of them now. */
function kill(gateway: TestGateway, kind: Kind): boolean {
  if (kind === 'gateway') {
    gateway.signal('SIGKILL');
    return true;
  }
  let hasKilled = false;
  for (const { pid } of gateway.processesOf(kind)) {
    try {
      process.kill(pid, 'SIGKILL');
      hasKilled = true;
    } catch (error) {
      // It has just ended by itself.
      if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
    }
  }
  return hasKilled;
}
