import { appendFileSync, mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join, relative, sep } from 'node:path';
import { UsageError } from '../../lib/usage-error.ts';
import type { Variables } from '../environment.ts';
import { toCtrf } from './ctrf.ts';
import { toAnnotations } from './github.ts';
import { toJunit } from './junit.ts';
import type { ReportedRun } from './reported-run.ts';

export type ReportPlaces = {
  readonly ctrfFile: string | undefined;
  readonly junitFile: string | undefined;
  /** Gets `run.json` and `summary.md` beside the logs: all that is needed to look into a failure. */
  readonly logDirectory: string;
  readonly directory: string;
};

/** Writes the reports of a run. Returns annotations to be printed, empty outside of GitHub Actions. Throws UsageError when a file cannot be written. */
export function writeReports(reported: ReportedRun, places: ReportPlaces, variables: Variables): string {
  const { run } = reported;
  write(join(places.logDirectory, 'run.json'), `${JSON.stringify(run, undefined, 2)}\n`);
  write(join(places.logDirectory, 'summary.md'), `${run.message}\n`);
  if (places.ctrfFile !== undefined) write(places.ctrfFile, toCtrf(reported));
  if (places.junitFile !== undefined) write(places.junitFile, toJunit(reported));
  if (variables['GITHUB_ACTIONS'] !== 'true') return '';
  const summary = variables['GITHUB_STEP_SUMMARY'];
  if (summary) attempt(summary, () => appendFileSync(summary, `${run.message}\n`));
  const folder = relative(variables['GITHUB_WORKSPACE'] || places.directory, places.directory)
    .split(sep)
    .join('/');
  return toAnnotations(run, folder);
}

function write(path: string, text: string): void {
  attempt(path, () => {
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, text);
  });
}

function attempt(path: string, action: () => void): void {
  try {
    action();
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new UsageError(`The report ${path} could not be written: ${why}; name another place.`, { cause });
  }
}
