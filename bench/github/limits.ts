import { installCachedPackage } from '../../test/support/cached-package.ts';
import { table } from '../table.ts';
import { latencyMs, runContest, type Contest, type LimitsContender, type Outcome } from './contest.ts';
import { figures } from './figures.ts';
import { leastTime } from './least-time.ts';
import { inOrder, mixOf } from './request-mix.ts';
import { documentedLimits, type GitHubLimits } from './server/documented-limits.ts';

export type GitHubLimitsOptions = {
  readonly requests?: number;
  readonly processes?: number;
  /** How many times as fast as the machine's the simulated clock runs. */
  readonly speed?: number;
  readonly seed: number;
};

/** Callers at once in all processes together: more than GitHub would serve at once. */
const callers = 400;
const users = 4;

/**
 * So many requests from several processes against one account, against four, and against one that somebody else uses too, of a simulated GitHub with
 * the documented limits: ours beside Octokit with its plugins and beside bare fetch. Gives tables.
 */
export async function githubLimits(options: GitHubLimitsOptions): Promise<string> {
  const { requests = 10_000, processes = 8, speed = 20, seed } = options;
  const contenders = await allContenders();
  const dealt = mixOf(requests, processes, seed);
  const callersPerProcess = Math.ceil(callers / processes);
  const base = { dealt, limits: documentedLimits, callersPerProcess, seed };
  const parts = [
    // As many requests in a sixteenth of the time: the machine has to keep up.
    { title: 'One account', contest: { ...base, users: 1, speed } },
    { title: `Tokens of ${users} users`, contest: { ...base, users, speed: Math.max(1, speed / 8) } },
    {
      title: 'One account, of which another program uses half; a fifth of the requests',
      contest: {
        ...base,
        dealt: mixOf(Math.ceil(requests / 5), processes, seed),
        limits: halfOf(documentedLimits),
        users: 1,
        speed: speed / 2,
      },
    },
  ];
  const texts: string[] = [];
  for (const { title, contest } of parts) texts.push(`### ${title}\n\n${await compare(contenders, contest)}`);
  const seeded = `seed ${seed} (--seed ${seed} makes the same choices again)`;
  return [`${requests.toLocaleString('en')} requests, ${processes} processes; ${seeded}`, ...texts].join('\n\n');
}

/** What is left by a program that takes as much as it may have by our side, and of which nobody here knows. */
function halfOf(limits: GitHubLimits): GitHubLimits {
  return { ...limits, concurrent: limits.concurrent / 2, pointsPerMinute: limits.pointsPerMinute / 2 };
}

async function compare(contenders: readonly LimitsContender[], contest: Contest): Promise<string> {
  const [least, most] = latencyMs;
  const leastMs = leastTime(inOrder(contest.dealt), contest.users, contest.limits, (least + most) / 2);
  const outcomes: Outcome[] = [];
  for (const contender of contenders) outcomes.push(await runContest(contender, contest));
  const rows = figures.map(({ name, of }) => [name, ...outcomes.map((outcome) => of(outcome, leastMs))]);
  const faults = outcomes.flatMap(({ clients, server }, index) => {
    const thrown = clients.flatMap(({ failed }) => Object.keys(failed));
    return [...new Set([...thrown, ...Object.keys(server.unknown)])].map(
      (text) => `- ${contenders[index]?.name}: ${text}`,
    );
  });
  const allowed = `The limits allow it in ${Math.round(leastMs / 1000).toLocaleString('en')} s; the clock ran ${contest.speed} times as fast.`;
  return [
    allowed,
    table(['', ...contenders.map(({ name }) => name)], rows),
    ...(faults.length > 0 ? [`Failed with:\n${faults.join('\n')}`] : []),
  ].join('\n\n');
}

/** Octokit's packages are no dependencies: they are installed beside. */
async function allContenders(): Promise<readonly LimitsContender[]> {
  const octokit = [
    ['@octokit/core', '7.0.8'],
    ['@octokit/plugin-retry', '8.1.1'],
    ['@octokit/plugin-throttling', '11.0.5'],
  ] as const;
  const folders: Record<string, string> = {};
  for (const [name, version] of octokit) folders[name] = await installCachedPackage(name, version);
  return [
    { name: 'Holdfast', module: 'holdfast' },
    { name: 'Octokit, retries twice', module: 'octokit-twice', folders },
    { name: 'Octokit, retries always', module: 'octokit-always', folders },
    { name: 'fetch, retries 4 times', module: 'plain-fetch' },
  ];
}
