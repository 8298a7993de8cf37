import type { CheckCounts } from '@holdfast/protocol';
import { maxProblems, type Reading } from './reader.ts';
import { addReadings, withoutCounts } from './add-readings.ts';

/** More than this in one output is no test run but somebody's log. */
const maxRuns = 5_000;

type Said = {
  readonly tool: string;
  readonly reading: Reading;
  readonly wasBegun: boolean;
  /** It may be one piece of a run of which nobody says how many there are. */
  readonly mayGoOn: boolean;
};

/**
 * Which of the test runs that an output tells of is the one that was asked for. Tests print: a test of a test tool shows a whole
 * run of it, with a summary in the right form. What a tool says *inside* the run of another one, or of itself, is therefore not
 * counted: a run lasts from the first line of a tool to its summary, and only outermost runs count. Runs one after the other are
 * added up (a script of two tools, the packages of a workspace) where each has said its begin; where one has not, nobody can
 * tell a second run from an echo, and the numbers are unknown. In docs/decisions/0007-what-a-tool-said.md.
 */
export class RunTimeline {
  readonly #open: string[] = [];
  #said: Said[] = [];
  #isTooLong = false;

  /** The tool has said that it begins. */
  begin(tool: string): void {
    if (this.#open.length >= maxRuns) this.#isTooLong = true;
    else this.#open.push(tool);
  }

  /** The tool has said what came out; `may go on` when that is one of several pieces, such as one package's of many. */
  end(tool: string, reading: Reading, isLast: 'is all' | 'may go on' = 'is all'): void {
    const begun = this.#open.lastIndexOf(tool);
    if (begun === -1 && this.#open.length > 0) return;
    if (begun !== -1) this.#open.length = begun;
    if (this.#open.length > 0) return;
    this.#add({ tool, reading, wasBegun: begun !== -1, mayGoOn: isLast === 'may go on' });
  }

  #add(said: Said): void {
    const last = this.#said.at(-1);
    const isSame = last?.tool === said.tool && last.reading.authority === said.reading.authority;
    // The run went on after what looked like its end: that was an echo.
    if (!said.wasBegun && isSame && last.wasBegun) this.#said[this.#said.length - 1] = { ...said, wasBegun: true };
    else if (this.#said.length >= maxRuns) this.#isTooLong = true;
    else this.#said.push({ ...said, reading: this.#withinBounds(said.reading) });
  }

  /** Many runs with many problems each must not add up to more than is ever shown. */
  #withinBounds(reading: Reading): Reading {
    const kept = this.#said.reduce((sum, { reading: { problems } }) => sum + problems.length, 0);
    return kept < maxProblems ? reading : { ...reading, problems: [] };
  }

  /** `returnCode` null or of a signal: the output may be cut, and what may go on has perhaps not ended. */
  finish(returnCode: number | null): Reading | undefined {
    const said = withMostAuthority(this.#said);
    const [first] = said;
    if (first === undefined) return undefined;
    const sum = withEmptiness(addReadings(withoutEmpty(said.map(({ reading }) => reading))));
    const mayGoOn = (returnCode === null || returnCode >= 128) && said.some((one) => one.mayGoOn);
    if (mayGoOn || this.#open.length > 0 || this.#isTooLong) return withoutSuccess(withoutCounts(sum));
    return said.length === 1 || said.every(({ wasBegun }) => wasBegun) ? sum : withoutCounts(sum);
  }
}

/** What failed has failed; that nothing else did, nobody knows. */
function withoutSuccess({ saysFailed, ...rest }: Reading): Reading {
  return saysFailed === true ? { ...rest, saysFailed } : rest;
}

const isEmpty = ({ counts, saysFailed }: Reading): boolean => counts.total === 0 && saysFailed === undefined;

/** A piece without tests says nothing beside pieces that have some. */
function withoutEmpty(readings: readonly Reading[]): readonly Reading[] {
  const others = readings.filter((reading) => !isEmpty(reading));
  return others.length === 0 ? readings : others;
}

/** No test at all is no success, unless the tool was told that it is. */
function withEmptiness(reading: Reading): Reading {
  return isEmpty(reading) ? { ...reading, saysFailed: true } : reading;
}

/** A tool that has told the same run in two forms, or a report of any tool beside its console, is one run and not two. */
function withMostAuthority(said: readonly Said[]): readonly Said[] {
  const strong = said.filter(({ reading }) => reading.authority === 2);
  if (strong.length === 0) return said;
  const weak = said.filter(
    ({ tool, reading }) =>
      reading.authority === 1 &&
      (isBroken(reading) ||
        !strong.some((other) => other.tool === tool || isSameRun(other.reading.counts, reading.counts))),
  );
  return said.filter((one) => strong.includes(one) || weak.includes(one));
}

/** What failed without numbers is not in the stronger one: a package that did not compile. */
function isBroken({ counts, saysFailed }: Reading): boolean {
  return saysFailed === true && counts.total === null && counts.failed === null;
}

function isSameRun(one: CheckCounts, other: CheckCounts): boolean {
  return one.total === other.total && one.failed === other.failed && one.passedCount === other.passedCount;
}
