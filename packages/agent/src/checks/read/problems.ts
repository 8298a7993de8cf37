import { isAbsolute, relative, sep } from 'node:path';
import type { CheckProblem } from '@holdfast/protocol';
import { maxProblems } from './reader.ts';

const maxMessageLength = 500;

/** What a tool says of one problem, as it says it. */
export type SaidProblem = {
  readonly file?: string | null | undefined;
  readonly line?: number | null | undefined;
  readonly column?: number | null | undefined;
  readonly severity?: CheckProblem['severity'];
  readonly message: string;
  readonly rule?: string | null | undefined;
};

/** Problems in the order in which they were said, at most `maxProblems`; all are counted. */
export class ProblemList {
  readonly #directory: string;
  #list: CheckProblem[] = [];
  errors = 0;
  warnings = 0;

  constructor(directory: string) {
    this.#directory = directory;
  }

  get list(): readonly CheckProblem[] {
    return this.#list;
  }

  get count(): number {
    return this.errors + this.warnings;
  }

  add(said: SaidProblem): void {
    const severity = said.severity ?? 'error';
    if (severity === 'error') this.errors += 1;
    else this.warnings += 1;
    if (this.#list.length < maxProblems) this.#list.push(problemOf(said, severity, this.#directory));
  }

  /** Everything so far, and an empty list from now on. */
  take(): readonly CheckProblem[] {
    const taken = this.#list;
    this.#list = [];
    this.errors = 0;
    this.warnings = 0;
    return taken;
  }
}

function problemOf(said: SaidProblem, severity: CheckProblem['severity'], directory: string): CheckProblem {
  const message = said.message.trim();
  return {
    file: placeOf(said.file, directory),
    line: positive(said.line),
    column: positive(said.column),
    severity,
    message: message.length > maxMessageLength ? `${message.slice(0, maxMessageLength - 1)}…` : message,
    ...(said.rule && { rule: said.rule }),
  };
}

/** Relative where the file lies in the checked directory. */
function placeOf(file: string | null | undefined, directory: string): string | null {
  if (file === undefined || file === null || file === '') return null;
  const path = file.startsWith('file://') ? pathOfUrl(file) : file;
  if (!isAbsolute(path)) return path.startsWith('./') ? path.slice(2) : path;
  const inside = relative(directory, path);
  return inside === '' || inside === '..' || inside.startsWith(`..${sep}`) ? path : inside;
}

function pathOfUrl(url: string): string {
  const path = url.slice('file://'.length);
  try {
    return decodeURIComponent(path);
  } catch {
    return path;
  }
}

function positive(count: number | null | undefined): number | null {
  return typeof count === 'number' && Number.isSafeInteger(count) && count > 0 ? count : null;
}
