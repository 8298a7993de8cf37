import { isRecord, parseJson } from './json.ts';

/** What became of checks (contract section 8), as the project's machine reports it and people see it. */

export const checkNames = ['lint', 'test', 'build'] as const;
export type CheckName = (typeof checkNames)[number];

export const checkModes = ['real', 'mock', 'auto'] as const;
export type CheckMode = (typeof checkModes)[number];

export const checkVerdicts = [
  /** Ran and ended with 0, and what the tool says does not contradict that. */
  'passed',
  'failed',
  'timed_out',
  'cancelled',
  /** There is no such program, script or directory. */
  'could_not_start',
  /** Nothing was run; never counts as passed at a gate. */
  'simulated',
  /** Nothing was run because it was not asked for, or because what it waits for did not pass. */
  'skipped',
] as const;
export type CheckVerdict = (typeof checkVerdicts)[number];

export type CheckProblem = {
  /** Relative to the checked directory where it lies in it; null when the tool names none. */
  readonly file: string | null;
  /** From 1; null when the tool names none. */
  readonly line: number | null;
  readonly column: number | null;
  readonly severity: 'error' | 'warning';
  readonly message: string;
  readonly rule?: string;
};

/** What a tool said of its own work. `null` is "it did not say", never a guess. */
export type CheckCounts = {
  /** lint */
  readonly warnings?: number | null;
  readonly errors?: number | null;
  /** test */
  readonly total?: number | null;
  readonly passedCount?: number | null;
  readonly failed?: number | null;
  readonly skipped?: number | null;
  /** build: bytes of what was built. */
  readonly size?: number | null;
  /** Percent, 0 to 100. */
  readonly coverage?: { readonly [kind in 'lines' | 'statements' | 'functions' | 'branches']?: number };
};

export type CheckResult = CheckCounts & {
  readonly passed: boolean;
  readonly verdict: CheckVerdict;
  /** As it was run; null when there is none to run. */
  readonly command: string | null;
  /** stdout and stderr in the order in which they came, at most 2000 characters, head and tail kept and the cut marked. */
  readonly output: string;
  readonly returnCode: number | null;
  readonly durationMs: number;
  readonly mode: 'real' | 'mock';
  readonly simulated: boolean;
  /** Why it is not plainly passed or failed, or why this command was chosen; a sentence. */
  readonly reason?: string;
  /** Where the counts come from, such as `eslint JSON`, `JUnit XML`; null when nothing known was said. */
  readonly source: string | null;
  /** At most 1000; the counts count all. */
  readonly problems: readonly CheckProblem[];
  /** The result of an earlier run on the same content. */
  readonly cached?: boolean;
  /** Why no result of an earlier run could be used; a phrase such as `files changed: src/a.ts`. */
  readonly notCached?: string;
  /** Path of the whole output on the machine where it ran. */
  readonly logFile?: string;
};

export type GateOutcome = {
  readonly rule: string;
  readonly isMet: boolean;
  /** What the rule was compared with; null: unknown, which closes the gate. */
  readonly actual: number | null;
  readonly reason: string;
};

/** One run of up to three checks. */
export type CheckRun = {
  /** Every check that was asked for has passed for real and every gate is met. */
  readonly allPassed: boolean;
  readonly lint: CheckResult | null;
  readonly tests: CheckResult | null;
  readonly build: CheckResult | null;
  readonly gates: readonly GateOutcome[];
  /** Markdown, for people. */
  readonly message: string;
};

/** What `holdfast-agent check --events` says, one JSON object a line. */
export type CheckEvent =
  | {
      readonly type: 'planned';
      readonly check: CheckName;
      readonly command: string | null;
      /** Where the command comes from: `CHECK_COMMAND_LINT`, `package.json script "lint" (pnpm-lock.yaml)` … */
      readonly why: string;
      readonly timeoutMs: number;
      /** Where the whole output goes, on the machine where it runs. */
      readonly logFile?: string;
    }
  | { readonly type: 'started'; readonly check: CheckName }
  /** Newest whole line of output, at most some ten a second; for showing that something happens. */
  | { readonly type: 'output'; readonly check: CheckName; readonly line: string }
  | { readonly type: 'finished'; readonly check: CheckName; readonly result: CheckResult }
  | { readonly type: 'done'; readonly run: CheckRun };

const eventTypes: readonly unknown[] = [
  'planned',
  'started',
  'output',
  'finished',
  'done',
] satisfies CheckEvent['type'][];

/** Reads one event. The sender is our own program, so only what it is dispatched by is checked; undefined for anything else. */
export function parseCheckEvent(text: string): CheckEvent | undefined {
  const value = parseJson(text);
  if (!isRecord(value) || !eventTypes.includes(value['type'])) return undefined;
  if (value['type'] !== 'done' && !(checkNames as readonly unknown[]).includes(value['check'])) return undefined;
  return value as unknown as CheckEvent;
}
