import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { setTimeout as pause } from 'node:timers/promises';
import { randomFrom } from '../random.ts';
import { LedgerOfAcks, type Ack } from './ledger-of-acks.ts';
import { openEngine, type EngineAddress } from './open-engine.ts';

export type KilledWriters = {
  readonly kills: number;
  /** Writes that the store had acknowledged. */
  readonly acknowledged: number;
  /** A sentence for each thing that was lost, doubled or half there. */
  readonly faults: readonly string[];
};

const writer = fileURLToPath(new URL('writer.process.ts', import.meta.url));
const lanes = 8;

/** Starts a writer again and again, kills it (SIGKILL) at a random moment while it writes, and compares what the store has. */
export async function killWriters(address: EngineAddress, kills: number, seed: number): Promise<KilledWriters> {
  const random = randomFrom(seed);
  const ledger = new LedgerOfAcks();
  const faults: string[] = [];
  for (let kill = 1; kill <= kills; kill++) {
    await writeUntilKilled(address, Math.floor(random() * 2 ** 31), random() * 120, ledger);
    // Looking at everything each time would be quadratic; what is lost is still lost later.
    if (kill % 50 !== 0 && kill !== kills) continue;
    const store = await openEngine(address);
    faults.push(...(await ledger.faults(store)));
    await store.close();
    if (faults.length > 0) break;
  }
  return { kills, acknowledged: ledger.count, faults };
}

async function writeUntilKilled(
  address: EngineAddress,
  seed: number,
  afterMs: number,
  ledger: LedgerOfAcks,
): Promise<void> {
  const args = [writer, JSON.stringify(address), String(seed), String(lanes)];
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'pipe'] });
  const errors: Buffer[] = [];
  child.stderr.on('data', (chunk: Buffer) => errors.push(chunk));
  const lines = createInterface({ input: child.stdout });
  const closed = once(child, 'close') as Promise<[number | null, NodeJS.Signals | null]>;
  let isFirst = true;
  lines.on('line', (line) => {
    const ack = parseAck(line);
    if (ack !== undefined) ledger.add(ack);
    if (isFirst) void pause(afterMs).then(() => child.kill('SIGKILL'));
    isFirst = false;
  });
  const [code, signal] = await closed;
  if (signal !== 'SIGKILL') {
    throw new Error(`a writer ended with ${code ?? signal}: ${Buffer.concat(errors).toString().slice(0, 2_000)}`);
  }
}

/** Undefined: a line that the kill cut off. */
function parseAck(line: string): Ack | undefined {
  try {
    return JSON.parse(line) as Ack;
  } catch {
    return undefined;
  }
}
