import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { pairRatios } from './stats.ts';
import { cell, table } from './table.ts';

const pathOf = (path: string): string => fileURLToPath(new URL(path, import.meta.url));
const agent = pathOf('../packages/agent/dist/holdfast-agent.js');
const holdfast = pathOf('../packages/gateway/bin/holdfast.js');
const seconds = 3;
const filesInRepository = 1000;
const outputBytes = 2_000_000_000;

/** `holdfast check` beside the same commands without it: three at once, the price of one, of a cached one, and memory. */
export async function checks(rounds = 5): Promise<string> {
  const folder = mkdtempSync(join(tmpdir(), 'holdfast-bench-'));
  try {
    const bench = new ChecksBench(folder);
    const parts = [
      await bench.together(Math.min(rounds, 3)),
      await bench.overhead(rounds * 6),
      await bench.memory(Math.ceil(rounds / 5)),
    ];
    return parts.join('\n');
  } finally {
    rmSync(folder, { recursive: true });
  }
}

class ChecksBench {
  readonly #project: string;
  readonly #env: NodeJS.ProcessEnv;

  constructor(folder: string) {
    this.#project = join(folder, 'project');
    mkdirSync(this.#project);
    this.#env = { PATH: process.env['PATH'], HOME: folder };
  }

  /** Three equal checks: one after the other as people type them, and at once. */
  async together(rounds: number): Promise<string> {
    const kinds = [
      { what: `wait for ${seconds} s each`, command: `sleep ${seconds}` },
      { what: `compute for ${seconds} s each`, command: `node compute.js` },
    ];
    // Asked seldom: the question is a system call.
    const compute = `const spent = () => process.cpuUsage().user;\nwhile (spent() < ${seconds}e6) for (let n = 0; n < 1e6; n++);\n`;
    writeFileSync(join(this.#project, 'compute.js'), compute);
    const rows: (readonly string[])[] = [];
    for (const { what, command } of kinds) {
      const scripts = { lint: command, test: command, build: command };
      writeFileSync(join(this.#project, 'package.json'), JSON.stringify({ name: 'x', scripts }));
      const apart: number[] = [];
      const together: number[] = [];
      for (let round = 0; round < rounds; round += 1) {
        apart.push(await this.#millis('npm run lint && npm run test && npm run build'));
        together.push(await this.#millis(`node ${holdfast} check --no-cache`));
      }
      rows.push([what, cell(apart), cell(together), `×${cell(pairRatios(apart, together))}`]);
    }
    return table(['three checks that', 'npm run one after the other, ms', 'holdfast check, ms', 'faster'], rows);
  }

  /** What one check costs over its bare command, which is `true`; and one whose result is known. */
  async overhead(rounds: number): Promise<string> {
    this.#commitFiles();
    const one = `node ${agent} check --only lint --lint true`;
    const three = `node ${agent} check --lint true --test true --build true --no-cache`;
    const command = `node ${holdfast} check --only lint --lint true --no-cache`;
    const costs = new Map<string, number[]>();
    const add = (name: string, ms: number): void => void costs.set(name, [...(costs.get(name) ?? []), ms]);
    await this.#millis(one);
    for (let round = 0; round < rounds; round += 1) {
      // In turns, so that all see the same machine.
      const bare = await this.#millis('true');
      const empty = (await this.#millis('node empty.js')) - bare;
      const single = (await this.#millis(`${one} --no-cache`)) - bare;
      add('an empty Node script', empty);
      add('holdfast-agent check, one check', single);
      add('— without the start of Node', single - empty);
      add('holdfast-agent check, each of three', ((await this.#millis(three)) - bare) / 3);
      add('holdfast check, one check', (await this.#millis(command)) - bare);
      add(`holdfast-agent check, cached (${filesInRepository} files)`, (await this.#millis(one)) - bare);
      add('— from the plan to the result', await this.#cachedMillis());
    }
    return table(
      ['', 'more than the bare command, ms'],
      [...costs].map(([name, values]) => [name, cell(values)]),
    );
  }

  /** The most memory that the agent ever has while a check writes two gigabytes, and while it writes nothing. */
  async memory(rounds: number): Promise<string> {
    const line = 'a line of some sixty characters, as a test runner prints them';
    const loud: number[] = [];
    const quiet: number[] = [];
    const took: number[] = [];
    const run = (check: string): Promise<number> =>
      this.#peakMib([agent, 'check', '--only', 'test', '--no-cache', '--test', check]);
    for (let round = 0; round < rounds; round += 1) {
      quiet.push(await run('true'));
      const began = performance.now();
      loud.push(await run(`yes '${line}' | head -c ${outputBytes}`));
      took.push((performance.now() - began) / 1000);
    }
    const more = loud.map((mib, round) => mib - (quiet[round] ?? Number.NaN));
    const head = ['output', 'most memory of holdfast-agent check, MiB', 'more, MiB', 'took, s'];
    return table(head, [
      ['none', cell(quiet), '', ''],
      ['2 GB', cell(loud), cell(more), cell(took)],
    ]);
  }

  /** What the kernel has as the most that a Node program ever had, looked at until it is gone. */
  async #peakMib(args: readonly string[]): Promise<number> {
    const child = spawn('node', args, { cwd: this.#project, env: this.#env, stdio: 'ignore' });
    let kib = 0;
    const look = setInterval(() => {
      const [, most = '0'] = /^VmHWM:\s+(\d+) kB/m.exec(readFileSync(`/proc/${child.pid}/status`, 'utf8')) ?? [];
      kib = Math.max(kib, Number(most));
    }, 5);
    const [code] = (await once(child, 'exit')) as [number | null];
    clearInterval(look);
    if (code !== 0) throw new Error(`${args.join(' ')} ended with ${code}`);
    return kib / 1024;
  }

  /** From the start of a shell to its end. */
  async #millis(line: string): Promise<number> {
    const began = performance.now();
    const child = spawn('sh', ['-c', line], {
      cwd: this.#project,
      env: this.#env,
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    let said = '';
    child.stderr.setEncoding('utf8').on('data', (chunk: string) => (said += chunk));
    const [code] = (await once(child, 'close')) as [number | null];
    if (code !== 0) throw new Error(`${line} ended with ${code}: ${said}`);
    return performance.now() - began;
  }

  /** In the agent alone, as its events are read: from what it plans to the result, which is that of an earlier run. */
  async #cachedMillis(): Promise<number> {
    const args = [agent, 'check', '--only', 'lint', '--lint', 'true', '--events'];
    const child = spawn('node', args, { cwd: this.#project, env: this.#env, stdio: ['ignore', 'pipe', 'inherit'] });
    let planned = Number.NaN;
    let done = Number.NaN;
    let isCached = false;
    for await (const text of createInterface({ input: child.stdout })) {
      if (text.startsWith('{"type":"planned"')) planned = performance.now();
      if (!text.startsWith('{"type":"finished"')) continue;
      done = performance.now();
      isCached = text.includes('"cached":true');
    }
    if (!isCached) throw new Error('the result of the run before was not used');
    return done - planned;
  }

  #commitFiles(): void {
    writeFileSync(join(this.#project, 'empty.js'), '');
    for (let at = 0; at < filesInRepository; at += 1) {
      const folder = join(this.#project, 'src', String(at % 50));
      mkdirSync(folder, { recursive: true });
      writeFileSync(join(folder, `file-${at}.js`), `export const value${at} = ${at};\n`.repeat(20));
    }
    const git = (...args: readonly string[]): void =>
      void execFileSync('git', ['-c', 'user.name=bench', '-c', 'user.email=bench@localhost', ...args], {
        cwd: this.#project,
        stdio: 'ignore',
      });
    git('init');
    git('add', '.');
    git('commit', '-m', 'files');
  }
}
