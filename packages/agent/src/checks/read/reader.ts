import type { CheckCounts, CheckName, CheckProblem } from '@holdfast/protocol';
import type { RunTimeline } from './run-timeline.ts';

/** What a tool's output says. */
export type Reading = {
  /** The tool and the form, such as `eslint JSON`, `vitest`, `JUnit XML`. */
  readonly source: string;
  /** The check that this is about; a `lint` reading says nothing of a test run. */
  readonly kind: CheckName;
  readonly counts: CheckCounts;
  /** In the order in which they were said; at most `maxProblems`. */
  readonly problems: readonly CheckProblem[];
  /**
   * The tool itself says that it did not pass (failures, a crash, nothing to run), whatever its exit code is; undefined: it says
   * nothing about that.
   */
  readonly saysFailed?: boolean;
  /** Of several readings of one output the one with more authority counts: 2 machine-readable, 1 known last lines. */
  readonly authority: 1 | 2;
};

export const maxProblems = 1_000;

export const maxDocumentBytes: number = 8 * 1024 * 1024;

/**
 * Reads one form of output while it comes. Memory is bounded whatever comes: problems by `maxProblems`, texts by length, a JSON
 * document that is written in one piece by `maxDocumentBytes`. Lines of other programs may stand between, and are not counted.
 */
export interface LineReader {
  /** One whole line without its end, colours and other control sequences already removed. */
  readLine(line: string): void;
  /**
   * What was said; undefined: nothing in this form. A form that was begun and not finished has no numbers: unknown, not zero.
   * `returnCode` is null where the command was ended from outside, so that its output may be cut anywhere.
   */
  finish(returnCode: number | null): Reading | undefined;
}

/** Makes a reader; `directory` is the checked directory, for paths relative to it. */
export type LineReaderFactory = (directory: string) => LineReader;

/** Test tools run inside each other: a reader tells the timeline when a run begins and what came of it. */
export interface RunReader {
  readLine(line: string): void;
  /** No line comes any more: for what only the whole output says, such as that there is no test in any package. */
  finish?(): void;
}

export type RunReaderFactory = (directory: string, timeline: RunTimeline) => RunReader;
