import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { startRemoteStory, type RemoteStory } from '../test/support/remote-story.ts';
import { ByteCounter } from './byte-counter.ts';
import { pairRatios } from './stats.ts';
import { cell, table } from './table.ts';

const agent = fileURLToPath(new URL('../packages/agent/dist/holdfast-agent.js', import.meta.url));
const lines = 200_000;
/** About 200 bytes a line. */
const prompt = `stream ${lines} 0 110`;

/** Lines a second from the agent on another machine (a real sshd on loopback): the gateway beside `ssh` and nothing else. */
export async function overSsh(rounds: number): Promise<string> {
  const story = await startRemoteStory();
  try {
    const pipe: number[] = [];
    const gateway: number[] = [];
    await using viewer = await ByteCounter.open(story.gateway.port, '/projects/shop/agent/demo', 'ada-token');
    await viewer.turn(prompt);
    for (let round = 0; round < rounds; round += 1) {
      pipe.push((lines / (await pipeMs(story))) * 1000);
      gateway.push((lines / (await viewer.turn(prompt)).doneMs) * 1000);
    }
    return table(
      ['', 'lines, 1/s', 'of the ssh pipe'],
      [
        ['ssh … holdfast-agent run demo, its output counted', cell(pipe), ''],
        ['Holdfast over SSH, SQLite, one viewer', cell(gateway), `×${cell(pairRatios(gateway, pipe))}`],
      ],
    );
  } finally {
    await story.end();
  }
}

/** Milliseconds from the first text line to the last byte, so that the connection itself is not counted. */
async function pipeMs({ sshd, folder }: RemoteStory): Promise<number> {
  const { host, port, user, identityFile, knownHosts, configFile } = sshd;
  const child = spawn(
    'ssh',
    [
      ...['-F', configFile, '-T', '-p', String(port), '-i', identityFile],
      ...['-o', `UserKnownHostsFile=${knownHosts}`, '-o', 'BatchMode=yes'],
      ...[`${user}@${host}`, `'${process.execPath}' '${agent}' run demo --cwd '${folder()}'`],
    ],
    { stdio: ['pipe', 'pipe', 'ignore'] },
  );
  let began = 0n;
  let ended = 0n;
  child.stdout.on('data', (chunk: Buffer) => {
    if (began === 0n && chunk.includes('"type":"text"')) began = process.hrtime.bigint();
    ended = process.hrtime.bigint();
    // The end of input would end the agent, so it stays open until the turn is over.
    if (chunk.includes('"type":"done"', Math.max(0, chunk.length - 600))) child.stdin.end();
  });
  child.stdin.write(`${JSON.stringify({ type: 'prompt', id: 'p', prompt })}\n`);
  await new Promise((resolve) => child.once('close', resolve));
  return Number(ended - began) / 1e6;
}
