import { fork, type ChildProcess } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { nextMessage, stopServer } from '../server-process.ts';
import type { ClientAnswer, ClientOrders } from './clients/client.ts';
import type { ContenderName } from './clients/contenders.ts';
import { environmentOf, startFastClock, timeOn, type FastClock } from './fast-clock.ts';
import { markOf, type WantedRequest } from './request-mix.ts';
import type { GitHubLimits } from './server/documented-limits.ts';
import type { ServerAnswer, ServerOrders, ServerReport } from './server/orders.ts';

/** What a contender is put to. */
export type Contest = {
  /** Of each process. */
  readonly dealt: readonly (readonly WantedRequest[])[];
  /** One token of each. */
  readonly users: number;
  readonly limits: GitHubLimits;
  readonly callersPerProcess: number;
  /** How many times as fast as the machine's the clock of everybody runs. */
  readonly speed: number;
  readonly seed: number;
};

/** A client under test, and the folders of npm packages that it needs. */
export type LimitsContender = {
  readonly name: string;
  readonly module: ContenderName;
  readonly folders?: Readonly<Record<string, string>>;
};

type Finished = Extract<ClientAnswer, { kind: 'finished' }>;

export type Outcome = {
  readonly server: ServerReport;
  readonly clients: readonly Finished[];
  /** From the word to begin to the last answer. */
  readonly tookMs: number;
  /** Writes that took effect twice, and those that never did. */
  readonly doubled: number;
  readonly missing: number;
};

/** From the end of a request to its answer. */
export const latencyMs = [40, 120] as const;

const pathOf = (file: string): string => fileURLToPath(new URL(file, import.meta.url));
const clockPreload = pathOf('fast-clock-preload.ts');
const sentAtPreload = pathOf('sent-at-preload.ts');

/** Runs one contender against a GitHub of its own, with processes of its own. Rejects when one of them ends before it is done. */
export async function runContest(contender: LimitsContender, contest: Contest): Promise<Outcome> {
  const clock = startFastClock(contest.speed);
  const folder = await mkdtemp(join(tmpdir(), 'holdfast-bench-'));
  const children: ChildProcess[] = [];
  try {
    const tokens = Array.from({ length: contest.users }, (_, index) => `ghp_bench${index + 1}`);
    const server = startChild(pathOf('server/limited-github.process.ts'), serverOrders(contest, tokens), clock, [
      clockPreload,
    ]);
    children.push(server);
    const { port } = await nextMessage<Extract<ServerAnswer, { kind: 'listening' }>>(server, 'listening');
    const clients = contest.dealt.map(() =>
      startChild(pathOf('clients/client.process.ts'), contender.module, clock, [clockPreload, sentAtPreload]),
    );
    children.push(...clients);
    const ready = clients.map((client) => nextMessage<ClientAnswer>(client, 'ready'));
    for (const [index, client] of clients.entries()) {
      client.send({
        url: `http://127.0.0.1:${port}`,
        tokens,
        requests: contest.dealt[index] ?? [],
        callers: contest.callersPerProcess,
        sharedFile: join(folder, 'shared.db'),
        folders: contender.folders ?? {},
        speed: contest.speed,
      } satisfies ClientOrders);
    }
    await Promise.all(ready);
    const beganAtMs = timeOn(clock);
    const finishing = clients.map((client) => nextMessage<Finished>(client, 'finished'));
    for (const client of clients) client.send('begin');
    const finished = await Promise.all(finishing);
    const reported = nextMessage<Extract<ServerAnswer, { kind: 'report' }>>(server, 'report');
    server.send('report');
    const { report } = await reported;
    const tookMs = Math.max(...finished.map(({ endedAtMs }) => endedAtMs)) - beganAtMs;
    return { server: report, clients: finished, tookMs, ...effectsOf(contest, report) };
  } catch (cause) {
    throw new Error(`${contender.name} could not be measured (seed ${contest.seed})`, { cause });
  } finally {
    await Promise.all(children.map(stopServer));
    await rm(folder, { recursive: true });
  }
}

function serverOrders({ seed, limits }: Contest, tokens: readonly string[]): string {
  const userOf = Object.fromEntries(tokens.map((token, index) => [token, `user-${index + 1}`]));
  return JSON.stringify({ seed, limits, userOf, latencyMs } satisfies ServerOrders);
}

function startChild(file: string, argument: string, clock: FastClock, preload: readonly string[]): ChildProcess {
  return fork(file, [argument], {
    env: { ...process.env, ...environmentOf(clock) },
    execArgv: preload.flatMap((path) => ['--import', path]),
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
  });
}

function effectsOf({ dealt }: Contest, { effects }: ServerReport): Pick<Outcome, 'doubled' | 'missing'> {
  const writes = dealt.flat().filter(({ kind }) => kind !== 'read');
  const counts = writes.map(({ id }) => effects[markOf(id)] ?? 0);
  return { doubled: counts.filter((count) => count > 1).length, missing: counts.filter((count) => count === 0).length };
}
