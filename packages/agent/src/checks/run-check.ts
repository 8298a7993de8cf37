import { join } from 'node:path';
import type { CheckName, CheckResult } from '@holdfast/protocol';
import { Excerpt } from './excerpt.ts';
import { LiveLine } from './live-line.ts';
import { openOutputLog } from './output-log.ts';
import { measureBytes } from './measure-bytes.ts';
import { OutputReading } from './read/read-output.ts';
import { Redactor } from './redact.ts';
import { readReportFiles, withReports } from './report-files.ts';
import { runCommand } from './run.ts';
import { startFailure } from './start-failure.ts';
import { decideVerdict } from './verdict.ts';

export type CheckSettings = {
  readonly directory: string;
  readonly environment: Readonly<Record<string, string>>;
  /** Values that must not be stored or shown. */
  readonly secrets: readonly string[];
  readonly timeoutMs: Readonly<Record<CheckName, number>>;
  readonly logDirectory: string;
  readonly maxLogBytes: number;
  readonly maxProcesses: number;
  /** What a build makes, relative to the directory; its size is the build's. */
  readonly buildOutput: string | undefined;
  /** Files and folders, relative to the directory, into which a check writes reports. */
  readonly reports: Readonly<Record<CheckName, readonly string[]>>;
};

/** Runs the command of one check for real, and says what became of it. */
export async function runCheck(
  check: CheckName,
  command: string,
  settings: CheckSettings,
  run: {
    readonly mark: string;
    readonly isSandboxed: boolean;
    readonly onLine: (line: string) => void;
    readonly signal: AbortSignal;
  },
): Promise<CheckResult> {
  const began = performance.now();
  const startedAt = Date.now();
  const redactor = new Redactor(settings.secrets);
  const excerpt = new Excerpt();
  const live = new LiveLine(run.onLine);
  const log = openOutputLog(join(settings.logDirectory, `${check}.log`), settings.maxLogBytes);
  const output = new OutputReading(check, settings.directory);
  const take = (bytes: Buffer): void => {
    excerpt.add(bytes);
    log.add(bytes);
    live.add(bytes);
    output.write(bytes);
  };
  const { maxProcesses, directory, environment } = settings;
  const timeoutMs = settings.timeoutMs[check];
  const end = await runCommand(
    { command, directory, environment, timeoutMs, maxProcesses, mark: run.mark, isSandboxed: run.isSandboxed },
    { onOutput: (bytes) => redactor.push(bytes).forEach(take), signal: run.signal },
  );
  take(redactor.finish());
  live.finish();
  const reports = readReportFiles(check, directory, settings.reports[check], startedAt);
  const reading = withReports(output.finish(end.returnCode), reports);
  const failure = startFailure(end.returnCode, excerpt.text(), excerpt.isWhole);
  const { verdict, reason } = decideVerdict({ check, end, reading, startFailure: failure, timeoutMs, maxProcesses });
  const remarks = [reason, log.close()].filter((remark) => remark !== undefined).join(' ');
  const size = check === 'build' && verdict === 'passed' ? measure(settings) : undefined;
  return {
    passed: verdict === 'passed',
    verdict,
    command,
    output: excerpt.text(),
    returnCode: end.returnCode,
    durationMs: Math.round(performance.now() - began),
    mode: 'real',
    simulated: false,
    ...(remarks !== '' && { reason: remarks }),
    source: reading?.source ?? null,
    problems: reading?.problems ?? [],
    ...unknownCounts(check),
    ...reading?.counts,
    ...(size !== undefined && { size }),
    logFile: log.path,
  };
}

/** Each count that a check of this kind can have, not known. */
export function unknownCounts(
  check: CheckName,
): Pick<CheckResult, 'warnings' | 'errors' | 'total' | 'passedCount' | 'failed' | 'skipped' | 'size'> {
  switch (check) {
    case 'lint':
      return { warnings: null, errors: null };
    case 'test':
      return { total: null, passedCount: null, failed: null, skipped: null };
    case 'build':
      return { size: null };
  }
}

function measure({ directory, buildOutput }: CheckSettings): number | undefined {
  return buildOutput === undefined ? undefined : measureBytes(join(directory, buildOutput));
}
