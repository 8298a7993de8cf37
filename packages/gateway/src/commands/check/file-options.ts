import { checkNames } from '@holdfast/protocol';
import type { Environment } from '../../lib/environment.ts';
import type { CommandLine } from './command-line.ts';
import type { ProjectFile } from './project-file.ts';

export type FileOptions = {
  /** To stand before the words of the command line, which win. */
  readonly args: readonly string[];
  /** Rules of the file that are about checks that were not asked for. */
  readonly leftOut: readonly string[];
};

/**
 * What a project file says, as options: explicit argument > environment > file. A rule of the file gives way to rules
 * of the command line about the same number, and counts only when its check was asked for.
 */
export function fileOptions(
  { checks, gates, timeouts, reports, buildOutput, passEnv }: ProjectFile,
  line: CommandLine,
  env: Environment,
): FileOptions {
  const replaced = new Set(line.gates.map((rule) => subjectOf(rule).field));
  const kept = gates.filter((rule) => !replaced.has(subjectOf(rule).field));
  const leftOut = kept.filter((rule) => isOfOther(subjectOf(rule).check, line.only));
  const args: string[] = [];
  for (const check of checkNames) {
    const command = checks[check];
    const isSet = (env[`CHECK_COMMAND_${check.toUpperCase()}`] ?? '').trim() !== '';
    if (command !== undefined && !isSet) args.push(`--${check}`, command);
    if (timeouts[check] !== undefined) args.push('--timeout', `${check}=${timeouts[check]}`);
    for (const path of reports[check] ?? []) args.push('--report', `${check}=${path}`);
  }
  for (const rule of kept) if (!leftOut.includes(rule)) args.push('--gate', rule);
  if (buildOutput !== undefined) args.push('--build-output', buildOutput);
  if (passEnv.length > 0) args.push('--pass-env', passEnv.join(','));
  return { args, leftOut };
}

/** What a rule is about; whether it is one at all the agent says. */
function subjectOf(rule: string): { readonly field: string; readonly check: string } {
  const field = /^\s*([\w.]+)/.exec(rule)?.[1] ?? rule;
  const word = field.split('.')[0] ?? '';
  return { field, check: word === 'coverage' ? 'test' : word };
}

function isOfOther(check: string, only: readonly string[]): boolean {
  return checkNames.some((name) => name === check) && !only.includes(check);
}
