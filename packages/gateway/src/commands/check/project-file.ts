import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse as parseYaml } from 'yaml';
import { z } from 'zod';
import { HoldfastError, type CheckName } from '@holdfast/protocol';

/** What `holdfast.yaml` of a directory says about its checks. */
export type ProjectFile = {
  readonly checks: Readonly<Partial<Record<CheckName, string>>>;
  readonly gates: readonly string[];
  /** Seconds. */
  readonly timeouts: Readonly<Partial<Record<CheckName, number>>>;
  /** Files or folders into which a check writes reports. */
  readonly reports: Readonly<Partial<Record<CheckName, readonly string[]>>>;
  readonly buildOutput: string | undefined;
  readonly passEnv: readonly string[];
};

export const projectFileName = 'holdfast.yaml';

const command = z.string().trim().min(1, 'must be a command');
const seconds = z.number().positive();
const ofChecks = <Value extends z.ZodType>(value: Value) =>
  z.strictObject({ lint: value.optional(), test: value.optional(), build: value.optional() });
const schema = z.strictObject({
  checks: ofChecks(command).default({}),
  gates: z.array(z.string().trim().min(1)).default([]),
  timeouts: z
    .union([ofChecks(seconds), seconds.transform((all) => ({ lint: all, test: all, build: all }))], {
      error: 'must be seconds, or {lint, test, build} in seconds',
    })
    .default({}),
  reports: ofChecks(
    z.union(
      [
        z.array(z.string().min(1)),
        z
          .string()
          .min(1)
          .transform((one) => [one]),
      ],
      {
        error: 'must be a path or a list of paths',
      },
    ),
  ).default({}),
  buildOutput: z.string().min(1).optional(),
  passEnv: z.array(z.string().regex(/^[A-Za-z_]\w*$/, 'must be the name of a variable')).default([]),
  // The gateway's configuration may be the same file.
  projects: z.unknown().optional(),
});

/** Reads the file; undefined where there is none. Throws with all its faults at once. */
export function readProjectFile(directory: string): ProjectFile | undefined {
  const path = join(directory, projectFileName);
  const text = textOf(path);
  if (text === undefined) return undefined;
  const read = schema.safeParse(parseText(path, text) ?? {});
  if (read.success) {
    const { checks, gates, timeouts, reports, buildOutput, passEnv } = read.data;
    return {
      checks: defined(checks),
      gates,
      timeouts: defined(timeouts),
      reports: defined(reports),
      buildOutput,
      passEnv,
    };
  }
  throw new HoldfastError('bad_message', `${path} cannot be used: ${read.error.issues.map(faultOf).join('; ')}.`);
}

function faultOf(issue: z.core.$ZodIssue): string {
  const place = issue.path.join('.');
  if (issue.code !== 'unrecognized_keys')
    return `${place || 'the file'}: ${issue.message.replace('Invalid input: ', '')}`;
  const known = place === '' ? Object.keys(schema.shape) : ['lint', 'test', 'build'];
  return `${[...issue.path, issue.keys[0]].join('.')} is not known; known are ${known.join(', ')}`;
}

function textOf(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch (cause) {
    // A directory that is not there is the agent's to name.
    if (['ENOENT', 'ENOTDIR'].includes((cause as NodeJS.ErrnoException).code ?? '')) return undefined;
    throw new HoldfastError('bad_message', `${path} cannot be read: ${messageOf(cause)}.`, { cause });
  }
}

function parseText(path: string, text: string): unknown {
  try {
    return parseYaml(text);
  } catch (cause) {
    throw new HoldfastError('bad_message', `${path} is not YAML: ${messageOf(cause).split('\n')[0]}.`, { cause });
  }
}

function messageOf(cause: unknown): string {
  return (cause instanceof Error ? cause.message : String(cause)).replace(/[.:]$/, '');
}

function defined<Value>(
  of: Readonly<Partial<Record<CheckName, Value | undefined>>>,
): Readonly<Partial<Record<CheckName, Value>>> {
  return Object.fromEntries(Object.entries(of).filter(([, value]) => value !== undefined));
}
