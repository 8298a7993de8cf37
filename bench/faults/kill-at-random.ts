import { setTimeout as delay } from 'node:timers/promises';
import type { TestGateway } from '../../test/support/gateway.ts';

/** What is killed: a gateway, its link to the machine, runners, the agent CLI (`holdfast-agent run`). */
const kinds = ['gateway', 'link', 'runner', 'run'] as const;
export type Kind = (typeof kinds)[number];

const maxPauseMs = 500;
/** Those that a turn survives more often than those that end it, so that turns of every length are met. */
const choices: readonly Kind[] = ['gateway', 'gateway', 'gateway', 'link', 'link', 'runner', 'run'];
/** One in five kills takes another part with it at the same moment. */
const bothShare = 0.2;

/** Kills parts at random moments, starts gateways again, and tells how many of each kind it killed. */
export async function killAtRandom(
  gateways: readonly TestGateway[],
  kills: number,
  random: () => number,
): Promise<ReadonlyMap<Kind, number>> {
  const oneOf = <Thing>(things: readonly Thing[]): Thing => things[Math.floor(random() * things.length)] as Thing;
  const killed = new Map<Kind, number>(kinds.map((kind) => [kind, 0]));
  for (let count = 0; count < kills;) {
    await delay(random() * maxPauseMs);
    const gateway = oneOf(gateways);
    const first = oneOf(choices);
    const both = new Set([first, random() < bothShare ? oneOf(choices) : first]);
    for (const kind of both) {
      if (!kill(gateway, kind)) continue;
      killed.set(kind, (killed.get(kind) ?? 0) + 1);
      count++;
    }
    if (!both.has('gateway')) continue;
    await gateway.kill();
    await gateway.start();
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
