import { z } from 'zod';
import { checkNames, gateForms, parseGateRule, type CheckName } from '@holdfast/protocol';
import type { Environment } from '../lib/environment.ts';
import type { ProjectChecks } from './project.ts';

/** A timer takes no more. */
const maxTimeoutS = 2_147_483;

const command = z.string({ error: 'must be a command' }).trim().min(1, 'must be a command');
const seconds = z
  .number({ error: 'must be seconds' })
  .positive('must be more than 0 seconds')
  .max(maxTimeoutS, `must be at most ${maxTimeoutS} seconds`);
const ofChecks = <Value extends z.ZodType>(value: Value) =>
  z.strictObject({ lint: value.optional(), test: value.optional(), build: value.optional() });

type OfChecks<Value> = Readonly<Partial<Record<CheckName, Value | undefined>>>;
/** What a project's entry says of its checks. */
type ChecksEntry = {
  readonly checks: OfChecks<string>;
  readonly gates: readonly string[];
  readonly checkTimeouts: OfChecks<number>;
  readonly passEnv: readonly string[];
};

/** The fields of a project (contract section 3) that are about its checks. */
export const checkFields: { readonly [Name in keyof ChecksEntry]: z.ZodType<ChecksEntry[Name]> } = {
  checks: ofChecks(command).default({}),
  gates: z
    .array(z.string().refine((rule) => parseGateRule(rule) !== undefined, { error: `is no gate: ${gateForms}` }))
    .max(50, 'has at most 50 gates')
    .default([]),
  checkTimeouts: ofChecks(seconds).default({}),
  passEnv: z.array(z.string().regex(/^[A-Za-z_]\w*$/, 'must be the name of a variable')).default([]),
};
/**
 * A project's checks: what the environment of the gateway names goes before its file, but only for a project on the gateway's
 * own machine; that of another one has other programs.
 */
export function toProjectChecks(entry: ChecksEntry, env: Environment): ProjectChecks {
  const { checks, gates, checkTimeouts, passEnv } = entry;
  const commands = Object.fromEntries(
    checkNames.flatMap((check) => {
      const variable = `CHECK_COMMAND_${check.toUpperCase()}`;
      const named = [
        { command: env[variable]?.trim(), from: variable },
        { command: checks[check], from: `the project's checks.${check}` },
      ].find((one) => one.command !== undefined && one.command !== '');
      return named === undefined ? [] : [[check, named]];
    }),
  ) as ProjectChecks['commands'];
  return { commands, gates, timeoutsS: defined(checkTimeouts), passEnv };
}

function defined(values: OfChecks<number>): ProjectChecks['timeoutsS'] {
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined));
}
