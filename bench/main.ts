import { parseArgs } from 'node:util';
import { checks } from './checks.ts';
import { coldStart } from './cold-start.ts';
import { contenders } from './contenders.ts';
import type { Contender } from './contender.ts';
import { faults } from './faults.ts';
import { githubLimits } from './github/limits.ts';
import { machineFacts } from './machine.ts';
import { overSsh } from './over-ssh.ts';
import { sessionStart } from './session-start.ts';
import { fanOut } from './measures/fan-out.ts';
import { latency } from './measures/latency.ts';
import type { Measure } from './measures/measure.ts';
import { memory } from './measures/memory.ts';
import { replay } from './measures/replay.ts';
import { throughput } from './measures/throughput.ts';
import { draftKills } from './pulls/draft-kills.ts';
import { pairRatios } from './stats.ts';
import { storeFaults } from './stores/store-faults.ts';
import { stores } from './stores/stores.ts';
import { cell, table } from './table.ts';

/*
 * npm run bench                                    everything
 * npm run bench -- latency replay                  some of it
 * npm run bench -- --rounds 1 --only "ws + JSON"   quickly, some contenders
 * npm run bench -- faults --kills 500 --seed 7     not among everything: parts are killed, what a viewer sees is counted
 * npm run bench -- stores --sizes 1000,100000      not among everything: conversation stores of these sizes
 * npm run bench -- store-faults --kills 500        not among everything: writers are killed, what they were told is looked for
 * npm run bench -- draft-kills --kills 100         not among everything: killed this often in each gap of a draft pull request
 * npm run bench -- github-limits                   not among everything: 8 processes against a GitHub with the documented limits
 *
 * A round starts each contender anew, one after the other; figures are medians of the rounds with the least and the
 * most, and a ratio is the median of the ratios within each round.
 */

const measures: readonly Measure[] = [throughput, latency, replay, memory, fanOut];
/** Those that are no comparison of contenders. */
const others: readonly {
  readonly name: string;
  readonly question: string;
  readonly run: (rounds?: number) => Promise<string>;
}[] = [
  {
    name: 'ssh',
    question:
      'How many lines a second come from another machine? 200,000 lines of about 200 bytes, as fast as they go.',
    run: (rounds = 5) => overSsh(rounds),
  },
  {
    name: 'session',
    question: 'How long until a new session says its first word?',
    run: (rounds = 15) => sessionStart(rounds),
  },
  {
    name: 'checks',
    question: 'What does holdfast check gain over the same commands one after the other, and what does it cost?',
    run: (rounds = 5) => checks(rounds),
  },
  { name: 'start', question: 'How long does the agent CLI take to start?', run: async () => coldStart() },
];

type Options = { readonly kills: number; readonly seed: number; readonly sizes: readonly number[] };

/** Long ones, which run only when they are named. */
const named: readonly {
  readonly name: string;
  readonly question: string;
  readonly run: (options: Options) => Promise<string>;
}[] = [
  { name: 'faults', question: 'Is anything lost when parts are killed?', run: faults },
  {
    name: 'store-faults',
    question: 'Is anything lost that a store had acknowledged, when its writer is killed or many write at once?',
    run: storeFaults,
  },
  {
    name: 'stores',
    question: 'How fast are conversation stores, and how does that grow? Documents of 2 KB.',
    run: ({ sizes }) => stores(sizes),
  },
  {
    name: 'draft-kills',
    question: 'Is there exactly one draft pull request, however often its gateway is killed in the middle?',
    run: draftKills,
  },
  {
    name: 'github-limits',
    question: 'Do 10,000 requests from 8 processes keep to GitHub’s limits, and how much of what these allow is used?',
    run: ({ seed }) => githubLimits({ requests: 10_000, processes: 8, speed: 20, seed }),
  },
];

async function main(): Promise<void> {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      rounds: { type: 'string' },
      only: { type: 'string' },
      kills: { type: 'string', default: '500' },
      sizes: { type: 'string', default: '1000,10000,100000,1000000' },
      seed: { type: 'string', default: String(Math.floor(Math.random() * 2 ** 31)) },
    },
  });
  const known = [...measures, ...others, ...named].map(({ name }) => name);
  const unknown = positionals.filter((name) => !known.includes(name));
  if (unknown.length > 0) throw new Error(`no such bench: ${unknown.join(', ')}; there are ${known.join(', ')}`);
  const wants = (name: string): boolean => positionals.length === 0 || positionals.includes(name);
  const chosen = contenders.filter((contender) => values.only?.split(',').includes(contender.name) ?? true);

  console.log(`${machineFacts()}\n`);
  if (measures.some((one) => wants(one.name))) {
    for (const contender of chosen) console.log(`- ${contender.name}: ${contender.work}`);
  }
  for (const measure of measures.filter((one) => wants(one.name))) {
    console.log(`\n## ${measure.name}\n\n${measure.question}\n`);
    const rounds = Number(values.rounds ?? measure.rounds);
    console.log(await measureAll(measure, chosen.filter(measure.applies), rounds));
  }
  for (const { name, question, run } of others.filter((one) => wants(one.name))) {
    const rounds = values.rounds === undefined ? undefined : Number(values.rounds);
    console.log(`\n## ${name}\n\n${question}\n\n${await run(rounds)}`);
  }
  const options = {
    kills: Number(values.kills),
    seed: Number(values.seed),
    sizes: values.sizes.split(',').map(Number),
  };
  for (const { name, question, run } of named.filter((one) => positionals.includes(one.name))) {
    console.log(`\n## ${name}\n\n${question}\n\n${await run(options)}`);
  }
}

async function measureAll(measure: Measure, chosen: readonly Contender[], rounds: number): Promise<string> {
  const results = new Map<Contender, (readonly number[])[]>(chosen.map((contender) => [contender, []]));
  for (let round = 0; round < rounds; round += 1) {
    for (const [contender, values] of results) values.push(await oneRound(measure, contender));
  }
  const base = [...results].find(([contender]) => contender.name === measure.base)?.[1];
  return table(
    ['', ...measure.figures.flatMap(({ name, unit }) => [`${name}, ${unit}`, `of ${measure.base}`])],
    [...results].map(([contender, values]) => [contender.name, ...cellsOf(measure, values, base)]),
  );
}

async function oneRound(measure: Measure, contender: Contender): Promise<readonly number[]> {
  const server = await contender.start();
  try {
    return await measure.round(server);
  } catch (cause) {
    throw new Error(`${measure.name} of ${contender.name} could not be measured`, { cause });
  } finally {
    await server.stop();
  }
}

function cellsOf(
  measure: Measure,
  values: readonly (readonly number[])[],
  base: readonly (readonly number[])[] | undefined,
): readonly string[] {
  return measure.figures.flatMap((_figure, at) => {
    const mine = values.map((round) => round[at] ?? Number.NaN);
    const theirs = base?.map((round) => round[at] ?? Number.NaN);
    return [cell(mine), theirs && theirs !== mine ? `×${cell(pairRatios(mine, theirs))}` : ''];
  });
}

await main();
