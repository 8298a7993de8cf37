import { join } from 'node:path';
import type { CheckEvent, CheckResult, CheckRun, GateRule } from '@holdfast/protocol';
import { judgeGates } from './gate.ts';
import { runInOrder, type WaitsFor } from './graph.ts';
import { describeRun, verdictWords } from './message.ts';
import type { CheckMode } from './options.ts';
import type { CheckPlan } from './plan.ts';
import { runCheck, unknownCounts, type CheckSettings } from './run-check.ts';

/** Results of earlier runs on the same content. */
export type ResultCache = {
  /** What is known of a command on what is there now: a result, or why there is none. */
  find(plan: CheckPlan & { readonly command: string }): Promise<CacheAnswer>;
  /** Takes notice of a result that `find` did not have, and keeps it if it passed and what is there has not changed since. */
  record(plan: CheckPlan & { readonly command: string }, result: CheckResult): Promise<void>;
};

export type CacheAnswer = { readonly result: CheckResult } | { readonly notCached: string };

export type ChecksToRun = {
  readonly plans: readonly CheckPlan[];
  readonly mode: CheckMode;
  readonly isSerial: boolean;
  readonly waitsFor: WaitsFor;
  readonly gates: readonly GateRule[];
  readonly settings: CheckSettings;
  readonly cache: ResultCache;
  /** Asked when something is run for the first time. */
  readonly isSandboxed: () => Promise<boolean>;
  /** Marks the processes of this run, with the check's name after it; no other run has it. */
  readonly mark: string;
};

/** Runs checks, tells what happens to each, and sums it up. When `signal` fires what runs is ended and counts as cancelled. */
export async function runChecks(
  todo: ChecksToRun,
  tell: (event: CheckEvent) => void,
  { signal }: { readonly signal: AbortSignal },
): Promise<CheckRun> {
  const plans = new Map(todo.plans.map((plan) => [plan.check, plan]));
  const { timeoutMs, logDirectory } = todo.settings;
  for (const { check, command, why } of todo.plans) {
    const logFile = join(logDirectory, `${check}.log`);
    tell({ type: 'planned', check, command, why, timeoutMs: timeoutMs[check], logFile });
  }
  const results = await runInOrder<CheckResult>(
    [...plans.keys()],
    todo.waitsFor,
    todo.isSerial,
    async (check, blockedBy) => {
      const plan = plans.get(check);
      if (plan === undefined) throw new Error(`there is no plan for ${check}`);
      const result =
        blockedBy === undefined
          ? await runPlan(plan, todo, tell, signal)
          : notRun(plan, 'skipped', `It waits for ${blockedBy}, which did not pass.`);
      tell({ type: 'finished', check, result });
      return result;
    },
    // What is simulated stops nothing: in mock mode all is.
    (result) => result.passed,
  );
  const ordered = new Map(
    todo.plans.flatMap(({ check }) => {
      const result = results.get(check);
      return result === undefined ? [] : [[check, result] as const];
    }),
  );
  const byName = {
    lint: ordered.get('lint') ?? null,
    tests: ordered.get('test') ?? null,
    build: ordered.get('build') ?? null,
  };
  const gates = judgeGates(todo.gates, byName);
  const allPassed =
    ordered.size > 0 &&
    [...ordered.values()].every(({ verdict }) => verdict === 'passed') &&
    gates.every(({ isMet }) => isMet);
  const run: CheckRun = { allPassed, ...byName, gates, message: describeRun(ordered, gates, allPassed) };
  tell({ type: 'done', run });
  return run;
}

async function runPlan(
  plan: CheckPlan,
  todo: ChecksToRun,
  tell: (event: CheckEvent) => void,
  signal: AbortSignal,
): Promise<CheckResult> {
  const { check, command } = plan;
  if (signal.aborted) return notRun(plan, 'cancelled', 'It had not begun.');
  if (todo.mode === 'mock') return notRun(plan, 'simulated', 'The mode is mock: nothing was run.');
  if (command === null) return notStarted(notRun(plan, 'could_not_start', plan.why), todo.mode);
  const known = await todo.cache.find({ ...plan, command });
  if ('result' in known) return known.result;
  tell({ type: 'started', check });
  const result = await runCheck(check, command, todo.settings, {
    mark: `${todo.mark}-${check}`,
    isSandboxed: await todo.isSandboxed(),
    onLine: (line) => tell({ type: 'output', check, line }),
    signal,
  });
  await todo.cache.record({ ...plan, command }, result);
  return notStarted({ ...result, notCached: known.notCached }, todo.mode);
}

/** In mode `auto` what could not be started is simulated, with the reason; everything else stays what it is. */
function notStarted(result: CheckResult, mode: CheckMode): CheckResult {
  if (result.verdict !== 'could_not_start' || mode !== 'auto') return result;
  return {
    ...result,
    passed: true,
    verdict: 'simulated',
    mode: 'mock',
    simulated: true,
    reason: `Simulated, nothing was run: ${result.reason ?? verdictWords.could_not_start}`,
  };
}

function notRun(
  plan: CheckPlan,
  verdict: 'simulated' | 'skipped' | 'cancelled' | 'could_not_start',
  reason: string,
): CheckResult {
  const simulated = verdict === 'simulated';
  return {
    passed: simulated,
    verdict,
    command: plan.command,
    output: '',
    returnCode: null,
    durationMs: 0,
    mode: simulated ? 'mock' : 'real',
    simulated,
    reason,
    source: null,
    problems: [],
    ...unknownCounts(plan.check),
  };
}

/** The exit code of a run: 0 only when all passed for real, 1 when a check failed or a gate is missed, 2 when nothing worse than not running happened. */
export function exitCodeOf(run: CheckRun): 0 | 1 | 2 {
  if (run.allPassed) return 0;
  const verdicts: readonly string[] = [run.lint, run.tests, run.build].flatMap((result) =>
    result === null ? [] : [result.verdict],
  );
  const isBad = verdicts.some((verdict) => verdict === 'failed' || verdict === 'timed_out' || verdict === 'cancelled');
  return isBad || run.gates.some(({ isMet }) => !isMet) ? 1 : 2;
}
