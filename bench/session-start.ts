import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { TestGateway } from '../test/support/gateway.ts';
import { startRemoteStory } from '../test/support/remote-story.ts';
import { ByteCounter } from './byte-counter.ts';
import { cell, table } from './table.ts';

const agent = fileURLToPath(new URL('../packages/agent/dist/holdfast-agent.js', import.meta.url));

/** From a new conversation's first prompt to its first text on a machine that is linked, beside the agent's own start. */
export async function sessionStart(rounds: number): Promise<string> {
  const own: number[] = [];
  for (let round = 0; round < rounds; round += 1) own.push(await agentMs());
  const rows: (readonly string[])[] = [['holdfast-agent run demo by itself, to its first text', cell(own), '']];
  const local = await TestGateway.start();
  try {
    rows.push(row('a further session on this machine', await sessions(local.port, rounds), own));
  } finally {
    await local.end();
  }
  const remote = await startRemoteStory();
  try {
    rows.push(row('a further session over SSH', await sessions(remote.gateway.port, rounds), own));
  } finally {
    await remote.end();
  }
  return table(['', 'first prompt to first text, ms', "more than the agent's own start, ms"], rows);
}

function row(name: string, values: readonly number[], own: readonly number[]): readonly string[] {
  return [name, cell(values), cell(values.map((value, round) => value - (own[round] ?? Number.NaN)))];
}

async function sessions(port: number, rounds: number): Promise<number[]> {
  const values: number[] = [];
  // The first one links the machine.
  for (let round = -1; round < rounds; round += 1) {
    await using viewer = await ByteCounter.open(port, '/projects/shop/agent/demo?conversation=new', 'ada-token');
    // People do not start sessions in the same instant: the spare runner may come up.
    await new Promise((resolve) => setTimeout(resolve, 400));
    const { firstTextMs } = await viewer.turn('say hello');
    if (round >= 0) values.push(firstTextMs);
  }
  return values;
}

async function agentMs(): Promise<number> {
  const began = process.hrtime.bigint();
  const child = spawn(process.execPath, [agent, 'run', 'demo'], { stdio: ['pipe', 'pipe', 'ignore'] });
  child.stdin.write(`${JSON.stringify({ type: 'prompt', id: 'p', prompt: 'say hello' })}\n`);
  let at = began;
  await new Promise<void>((resolve) => {
    child.stdout.on('data', (chunk: Buffer) => {
      if (!chunk.includes('"type":"text"')) return;
      at = process.hrtime.bigint();
      resolve();
    });
  });
  child.stdin.end();
  await new Promise((resolve) => child.once('close', resolve));
  return Number(at - began) / 1e6;
}
