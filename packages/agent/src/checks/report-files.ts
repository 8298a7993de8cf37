import { readFileSync, readdirSync, statSync } from 'node:fs';
import { join, resolve } from 'node:path';
import type { CheckName } from '@holdfast/protocol';
import { addReadings } from './read/add-readings.ts';
import { readReport } from './read/read-report.ts';
import { maxDocumentBytes, type Reading } from './read/reader.ts';

/** A tool that writes more than this has written something else. */
const maxFiles = 2000;
/** File systems keep times less exactly than clocks do. */
const slackMs = 2000;

/**
 * What tools have written into report files (JUnit XML, JSON, LCOV …): `paths` are files, or folders of them, relative to the
 * directory. Files that were there before `startedAt` (epoch milliseconds) are of another run, and count for nothing.
 */
export function readReportFiles(
  check: CheckName,
  directory: string,
  paths: readonly string[],
  startedAt: number,
): readonly Reading[] {
  const files = paths.flatMap((path) => filesAt(resolve(directory, path)));
  return files.slice(0, maxFiles).flatMap((file) => {
    const stat = statSync(file, { throwIfNoEntry: false });
    if (stat?.isFile() !== true || stat.mtimeMs < startedAt - slackMs || stat.size > maxDocumentBytes) return [];
    return readReport(check, readFileSync(file, 'utf8'), directory) ?? [];
  });
}

/** Reports say more than the console; what they are silent of (a coverage report of tests) the console says. Either may say that it failed. */
export function withReports(printed: Reading | undefined, reports: readonly Reading[]): Reading | undefined {
  if (reports.length === 0) return printed;
  const says = addReadings(reports);
  const isPart = Object.keys(says.counts).every((name) => name === 'coverage');
  if (printed === undefined) return says;
  const whole = isPart ? addReadings([printed, says]) : says;
  return printed.saysFailed === true ? { ...whole, saysFailed: true } : whole;
}

function filesAt(path: string): readonly string[] {
  if (statSync(path, { throwIfNoEntry: false })?.isDirectory() !== true) return [path];
  return readdirSync(path)
    .filter((name) => /\.(xml|json|trx|info|sarif)$/.test(name))
    .sort()
    .map((name) => join(path, name));
}
