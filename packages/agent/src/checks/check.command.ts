import { randomBytes } from 'node:crypto';
import { mkdirSync, readdirSync, realpathSync, rmSync } from 'node:fs';
import { homedir } from 'node:os';
import { join, relative, resolve, sep } from 'node:path';
import { setFlagsFromString } from 'node:v8';
import { UsageError } from '../lib/usage-error.ts';
import { noCache, openCache } from './cache.ts';
import { checkEnvironment, secretValues, type Variables } from './environment.ts';
import { killMarkedNow } from './leftovers.ts';
import { readOptions, type CheckOptions } from './options.ts';
import { planCheck } from './plan.ts';
import { EventPrinter } from './print.ts';
import { readProjectFacts } from './project-facts.ts';
import { writeReports } from './reports/write-reports.ts';
import { ask, canSandbox } from './run.ts';
import { exitCodeOf, runChecks, type ChecksToRun, type ResultCache } from './run-checks.ts';
import type { AskGit } from './tree-hash.ts';

const help = `Usage: holdfast-agent check [DIR] [options]

Runs lint, test and build where the code is: the named commands, else what package.json, a Makefile, Cargo, Go or Python say.
Exit code: 0 all passed for real, 1 a check failed or a gate was missed, 2 it could not run (or was only simulated).

  --only LIST            of lint,test,build (default: all three)
  --mode MODE            real, mock (nothing is run) or auto (default: CHECK_MODE, else auto)
  --lint, --test, --build CMD   what to run (default: CHECK_COMMAND_LINT, _TEST, _BUILD, else what is found)
  --timeout [CHECK=]S    seconds (lint 180, test 300, build 300)
  --serial               one after the other; --after build=lint,test: build waits for these and is skipped when they fail
  --gate RULE            such as lint.warnings<=0, test.total>=100, build.size<=2MB, coverage.lines>=80; any number of them
  --no-cache             do not use or keep results of earlier runs on the same content
  --isolation auto|group auto: a pid namespace where bubblewrap is installed and allowed; group: never
  --project DIR          DIR must lie in it, also when links are followed
  --pass-env NAMES       variables that the commands may see beyond the usual ones
  --report CHECK=PATH    a file, or folder of files, into which the check writes a report (JUnit XML, JSON, LCOV ...)
  --build-output PATH    what the build makes; its size is the build's
  --log-dir DIR          whole outputs, run.json and summary.md (default: a folder in ~/.holdfast/checks); --max-log BYTES each
  --max-processes N      of one check at once (2000)
  --ctrf FILE, --junit FILE   a report for other tools
  --events | --json      JSON lines while it happens, or one JSON document at the end
  --with-parent          end when the input ends
`;

/** How many default log folders are kept. */
const keptLogFolders = 20;

/** `holdfast-agent check`: resolves with the exit code when everything has ended and nothing of it is left. */
export async function checkCommand(args: readonly string[], variables: Variables): Promise<number> {
  if (args.includes('--help')) {
    process.stdout.write(help);
    return 0;
  }
  const options = readOptions(args, variables);
  keepHeapSmall();
  const mark = randomBytes(8).toString('hex');
  const ending = listenForEnd(options, mark);
  const printer = new EventPrinter(options.print, (text) => ending.write(text));
  const todo = prepare(options, variables, mark);
  const startedAt = Date.now();
  const run = await runChecks(todo, (event) => printer.tell(event), { signal: ending.signal });
  const places = { ...options, directory: todo.settings.directory, logDirectory: todo.settings.logDirectory };
  const annotations = writeReports({ run, startedAt, endedAt: Date.now() }, places, variables);
  // GitHub reads both outputs, and whoever reads JSON wants nothing else in it.
  if (options.print === 'lines') ending.write(annotations);
  else process.stderr.write(annotations);
  await ending.written();
  return ending.code ?? exitCodeOf(run);
}

function prepare(options: CheckOptions, variables: Variables, mark: string): ChecksToRun {
  const directory = directoryInside(options.directory, options.project);
  const environment = checkEnvironment(variables, options.passedVariables);
  const facts = readProjectFacts(directory, environment['PATH'] ?? '');
  const storage = variables['STORAGE_DIR']
    ? resolve(variables['STORAGE_DIR'])
    : join(variables['HOME'] || homedir(), '.holdfast');
  const { isSerial, waitsFor, gates, mode, timeoutMs, maxLogBytes, maxProcesses, buildOutput, reports } = options;
  let probe: Promise<boolean> | undefined;
  return {
    plans: options.only.map((check) => planCheck(check, options.named, facts)),
    mode,
    isSerial,
    waitsFor,
    gates,
    mark,
    cache: cacheOf(options, directory, environment, join(storage, 'checks')),
    isSandboxed: async () =>
      (probe ??= options.isolation === 'auto' ? canSandbox(directory, environment) : Promise.resolve(false)),
    settings: {
      directory,
      environment,
      secrets: secretValues(variables),
      timeoutMs,
      logDirectory: logFolder(options.logDirectory, join(storage, 'checks', 'logs'), mark),
      maxLogBytes,
      maxProcesses,
      buildOutput,
      reports,
    },
  };
}

function cacheOf(
  { usesCache, reports, buildOutput }: CheckOptions,
  directory: string,
  environment: Readonly<Record<string, string>>,
  folder: string,
): ResultCache {
  if (!usesCache) return noCache('--no-cache');
  const git: AskGit = (args, variables) =>
    ask('git', args, { directory, environment: { ...environment, ...variables, LC_ALL: 'C' } });
  const readFrom = JSON.stringify([reports, buildOutput]);
  return openCache({ folder, directory, environment, git, readFrom });
}

/** The lines of a long output are garbage at once; without this the engine takes some twenty megabytes more before it looks. */
function keepHeapSmall(): void {
  if (!('Bun' in globalThis)) setFlagsFromString('--semi-space-growth-factor=1');
}

/** The real path of a directory, which has to lie in the project; one that does not exist stays as it is. */
function directoryInside(directory: string, project: string): string {
  const [real, root] = [directory, project].map((path) => {
    try {
      return realpathSync(path);
    } catch {
      return undefined;
    }
  });
  if (real === undefined) return directory;
  const way = root === undefined ? '..' : relative(root, real);
  if (way === '..' || way.startsWith(`..${sep}`))
    throw new UsageError(`${directory} lies outside of the project ${project}; name a directory in it.`);
  return real;
}

function logFolder(named: string | undefined, parent: string, mark: string): string {
  try {
    const folder = named ?? newLogFolder(parent, mark);
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    return folder;
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new UsageError(`There can be no folder for the logs: ${why}; name another one with --log-dir.`, { cause });
  }
}

/** Makes room for a new folder, and its name. */
function newLogFolder(parent: string, mark: string): string {
  mkdirSync(parent, { recursive: true, mode: 0o700 });
  // The names begin with the time, so they sort by it.
  const old = readdirSync(parent).sort();
  for (const name of old.slice(0, Math.max(0, old.length + 1 - keptLogFolders)))
    rmSync(join(parent, name), { recursive: true, force: true });
  return join(parent, `${new Date().toISOString().replaceAll(/[:.]/g, '-')}-${mark.slice(0, 6)}`);
}

/** All ways in which a run is ended from outside: a signal, the end of the input if so wished, nobody who reads. */
function listenForEnd({ endsWithParent }: CheckOptions, mark: string) {
  const controller = new AbortController();
  const ending = {
    signal: controller.signal,
    code: undefined as number | undefined,
    write: (text: string): void => void process.stdout.write(text),
    written: () =>
      new Promise<void>((finish) => {
        process.stdout.write('', () => finish());
      }),
  };
  for (const [name, code] of [
    ['SIGTERM', 143],
    ['SIGINT', 130],
    ['SIGHUP', 129],
  ] as const) {
    process.on(name, () => {
      ending.code ??= code;
      controller.abort();
    });
  }
  process.stdout.on('error', () => controller.abort());
  process.on('exit', () => killMarkedNow(mark));
  if (endsWithParent) {
    process.stdin
      .on('end', () => controller.abort())
      .on('error', () => controller.abort())
      .resume();
  }
  return ending;
}
