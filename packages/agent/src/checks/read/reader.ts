import type { CheckCounts, CheckName, CheckProblem } from '@holdfast/protocol';

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

/**
 * Reads one form of output while it comes. Memory is bounded whatever comes: problems by `maxProblems`, texts by length, a JSON
 * document that is written in one piece by `maxDocumentBytes`. Lines of other programs may stand between, and are not counted.
 */
export interface OutputReader {
  /** One line without its end, colours and other control sequences already removed. */
  readLine(line: string): void;
  /** What was said; undefined: nothing in this form. A form that was begun and not finished is no reading: unknown, not zero. */
  finish(): Reading | undefined;
}

/** Makes a reader; `directory` is the checked directory, for paths relative to it. */
export type OutputReaderFactory = (directory: string) => OutputReader;

export const maxDocumentBytes: number = 8 * 1024 * 1024;
