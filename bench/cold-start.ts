import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { nowMicros } from './line-mark.ts';
import { pairRatios } from './stats.ts';
import { cell, table } from './table.ts';

const agent = fileURLToPath(new URL('../packages/agent/dist/holdfast-agent.js', import.meta.url));
const runs = 30;

/** How long `holdfast-agent run demo` takes to start and end, beside a Node script that does nothing. */
export function coldStart(): string {
  if (!existsSync(agent)) return `not measured: ${agent} is not built (npm run build)\n`;
  const folder = mkdtempSync(join(tmpdir(), 'holdfast-bench-'));
  try {
    const empty = join(folder, 'empty.js');
    writeFileSync(empty, '');
    const emptyMs: number[] = [];
    const agentMs: number[] = [];
    // In turns, so that both see the same machine. The first pair only warms the disk's cache.
    for (let run = 0; run <= runs; run += 1) {
      const pair = [millisOf([empty], folder), millisOf([agent, 'run', 'demo'], folder)] as const;
      if (run === 0) continue;
      emptyMs.push(pair[0]);
      agentMs.push(pair[1]);
    }
    return table(
      ['program', 'start to end, ms', 'of the empty script'],
      [
        ['an empty script', cell(emptyMs), ''],
        ['holdfast-agent run demo, no input', cell(agentMs), `×${cell(pairRatios(agentMs, emptyMs))}`],
      ],
    );
  } finally {
    rmSync(folder, { recursive: true });
  }
}

function millisOf(argv: readonly string[], cwd: string): number {
  const began = nowMicros();
  const { status, stderr } = spawnSync(process.execPath, argv, { cwd, stdio: ['ignore', 'pipe', 'pipe'] });
  const micros = nowMicros() - began;
  if (status !== 0) throw new Error(`${argv.join(' ')} ended with ${status}: ${stderr.toString()}`);
  return micros / 1000;
}
