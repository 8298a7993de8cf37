import { resolve } from 'node:path';
import { checkNames, type CheckName, type GateRule } from '@holdfast/protocol';
import { parseArguments } from '../lib/arguments.ts';
import { UsageError } from '../lib/usage-error.ts';
import type { Variables } from './environment.ts';
import { parseGate } from './gate.ts';
import { parseChecks, parseWaitsFor, type WaitsFor } from './graph.ts';
import { defaultMaxLogBytes } from './output-log.ts';
import type { NamedCommands } from './plan.ts';

export const checkModes = ['real', 'mock', 'auto'] as const;
export type CheckMode = (typeof checkModes)[number];

/** What a command line and the environment ask for. */
export type CheckOptions = {
  /** Absolute, as it was written. */
  readonly directory: string;
  /** Absolute; the directory must lie in it. */
  readonly project: string;
  readonly only: readonly CheckName[];
  readonly mode: CheckMode;
  readonly isSerial: boolean;
  readonly waitsFor: WaitsFor;
  readonly print: 'events' | 'json' | 'lines';
  readonly gates: readonly GateRule[];
  readonly usesCache: boolean;
  readonly isolation: 'auto' | 'group';
  readonly endsWithParent: boolean;
  readonly timeoutMs: Readonly<Record<CheckName, number>>;
  readonly named: NamedCommands;
  /** Variables that a check may see beyond those on the list. */
  readonly passedVariables: readonly string[];
  readonly logDirectory: string | undefined;
  readonly maxLogBytes: number;
  readonly maxProcesses: number;
  readonly ctrfFile: string | undefined;
  readonly junitFile: string | undefined;
  readonly buildOutput: string | undefined;
  readonly reports: Readonly<Record<CheckName, readonly string[]>>;
};

const defaultTimeoutMs: Readonly<Record<CheckName, number>> = { lint: 180_000, test: 300_000, build: 300_000 };
const defaultMaxProcesses = 2000;
/** A timer takes no more. */
const maxTimeoutS = 2_147_483;

const known = {
  options: [
    ...['project', 'only', 'mode', 'after', 'gate', 'timeout', 'isolation', 'pass-env', 'log-dir', 'max-log'],
    ...['max-processes', 'ctrf', 'junit', 'build-output', 'report', ...checkNames],
  ],
  flags: ['serial', 'events', 'json', 'no-cache', 'with-parent'],
};

/** Reads `check`'s command line. Throws UsageError for what is not known or has no meaning. */
export function readOptions(args: readonly string[], environment: Variables): CheckOptions {
  const { positionals, options, all, flags } = parseArguments(args, known);
  const [directory = '.', extra] = positionals;
  if (extra !== undefined) throw new UsageError(`"check" takes one directory, not also "${extra}".`);
  if (flags.has('events') && flags.has('json')) throw new UsageError('--events and --json exclude each other.');
  const project = resolve(options.get('project') ?? directory);
  return {
    directory: options.has('project') ? resolve(project, directory) : project,
    project,
    only: options.has('only') ? parseChecks(options.get('only') ?? '', '--only') : checkNames,
    mode: readMode(options.get('mode'), environment['CHECK_MODE']),
    isSerial: flags.has('serial'),
    waitsFor: parseWaitsFor(all.get('after') ?? []),
    print: flags.has('events') ? 'events' : flags.has('json') ? 'json' : 'lines',
    gates: (all.get('gate') ?? []).map(parseGate),
    usesCache: !flags.has('no-cache'),
    isolation: readWord('--isolation', options.get('isolation') ?? 'auto', ['auto', 'group'] as const),
    endsWithParent: flags.has('with-parent'),
    timeoutMs: readTimeouts(all.get('timeout') ?? []),
    named: readNamed(options, environment),
    passedVariables: (all.get('pass-env') ?? []).flatMap((names) => names.split(',')),
    logDirectory: pathOf(options.get('log-dir')),
    maxLogBytes: readCount('--max-log', options.get('max-log'), defaultMaxLogBytes),
    maxProcesses: readCount('--max-processes', options.get('max-processes'), defaultMaxProcesses),
    ctrfFile: pathOf(options.get('ctrf')),
    junitFile: pathOf(options.get('junit')),
    buildOutput: options.get('build-output'),
    reports: readReports(all.get('report') ?? []),
  };
}

function pathOf(word: string | undefined): string | undefined {
  return word === undefined ? undefined : resolve(word);
}

function readMode(argument: string | undefined, variable: string | undefined): CheckMode {
  if (argument !== undefined) return readWord('--mode', argument, checkModes);
  return readWord('CHECK_MODE', variable || 'auto', checkModes);
}

function readWord<Word extends string>(name: string, word: string, allowed: readonly Word[]): Word {
  const found = allowed.find((each) => each === word);
  if (found === undefined) throw new UsageError(`${name} must be one of ${allowed.join(', ')}, not "${word}".`);
  return found;
}

/** The command line wins over the environment; empty is as good as absent. */
function readNamed(options: ReadonlyMap<string, string>, environment: Variables): NamedCommands {
  const named = checkNames.flatMap((check) => {
    const variable = `CHECK_COMMAND_${check.toUpperCase()}`;
    const sources = [
      { why: `--${check}`, command: options.get(check) },
      { why: variable, command: environment[variable] },
    ];
    const chosen = sources.find(({ command }) => command !== undefined && command.trim() !== '');
    return chosen?.command === undefined ? [] : [[check, { command: chosen.command, why: chosen.why }] as const];
  });
  return Object.fromEntries(named);
}

/** `lint=60`, or `60` for all three; seconds. */
function readTimeouts(rules: readonly string[]): Readonly<Record<CheckName, number>> {
  const timeoutMs = { ...defaultTimeoutMs };
  for (const rule of rules) {
    const [left = '', right] = rule.includes('=') ? rule.split('=', 2) : [checkNames.join(','), rule];
    const seconds = Number(right);
    if (!right || !(seconds > 0 && seconds <= maxTimeoutS))
      throw new UsageError(`--timeout takes seconds, such as 60 or lint=60, not "${rule}".`);
    for (const check of parseChecks(left, '--timeout')) timeoutMs[check] = Math.ceil(seconds * 1000);
  }
  return timeoutMs;
}

/** `test=reports/junit.xml`. */
function readReports(rules: readonly string[]): Readonly<Record<CheckName, readonly string[]>> {
  const reports: Record<CheckName, readonly string[]> = { lint: [], test: [], build: [] };
  for (const rule of rules) {
    const at = rule.indexOf('=');
    if (at < 1 || at === rule.length - 1)
      throw new UsageError(`--report takes CHECK=PATH such as test=reports/junit.xml, not "${rule}".`);
    for (const check of parseChecks(rule.slice(0, at), '--report'))
      reports[check] = [...reports[check], rule.slice(at + 1)];
  }
  return reports;
}

function readCount(name: string, text: string | undefined, fallback: number): number {
  if (text === undefined) return fallback;
  const count = Number(text);
  if (!/^\d{1,15}$/.test(text) || count < 1)
    throw new UsageError(`${name} must be a whole number from 1, not "${text}".`);
  return count;
}
