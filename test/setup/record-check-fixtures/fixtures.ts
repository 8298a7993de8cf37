import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { CheckProblem } from '@holdfast/protocol';
import type { Recorded } from './recording.ts';
import type { Reading } from '../../../packages/agent/src/checks/read/reader.ts';

const folder = fileURLToPath(new URL('../../fixtures/checks', import.meta.url));

/** Where the samples lay when they were recorded. */
export const directory = '/home/ada/project';

export type Fixture = Recorded & { readonly title: string; readonly bytes: Uint8Array };

/** Everything that was recorded, and what is expected of it. */
export function readFixtures(): readonly Fixture[] {
  const tools = readdirSync(folder, { withFileTypes: true }).filter((entry) => entry.isDirectory());
  return tools.flatMap(({ name }) => {
    const list = JSON.parse(readFileSync(join(folder, name, 'recordings.json'), 'utf8')) as readonly Recorded[];
    return list.map((one) => ({
      ...one,
      title: `${name} ${one.file}`,
      bytes: readFileSync(join(folder, name, one.file)),
    }));
  });
}

/** A reading in the words of the expectation. */
export function told(reading: Reading | undefined): object {
  if (reading === undefined) return {};
  const { source, counts, problems, saysFailed } = reading;
  const known = Object.fromEntries(Object.entries(counts).filter(([, count]) => count !== null));
  return {
    source,
    counts: known,
    problems: problems.map(problemLine),
    ...(saysFailed !== undefined && { saysFailed }),
  };
}

function problemLine({ file, line, column, severity, rule }: CheckProblem): string {
  return `${file ?? '-'}:${line ?? '-'}:${column ?? '-'} ${severity} ${rule ?? '-'}`;
}
