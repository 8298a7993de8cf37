import type { CheckEvent } from '@holdfast/protocol';
import { oneLine } from '../chat/printable.ts';
import type { Progress } from './progress.ts';
import { countsOf, duration, verdictOf } from './words.ts';

/** The lines that an event is worth where nothing can be redrawn; `progress` is what was before it. */
export function eventLines(event: CheckEvent, progress: Progress): readonly string[] {
  if (event.type !== 'started' && event.type !== 'finished') return [];
  const known = progress.checks.find(({ check }) => check === event.check);
  const command =
    known === undefined || known.command === null ? '' : `${oneLine(known.command, 500)} (${oneLine(known.why, 300)})`;
  if (event.type === 'started') return [`${event.check}: started: ${command}`];
  const { result } = event;
  const counts = countsOf(result);
  const time = result.durationMs === 0 ? '' : ` after ${duration(result.durationMs)}`;
  const missed = result.notCached === undefined ? '' : ` (not cached: ${oneLine(result.notCached, 300)})`;
  const lines = [`${event.check}: ${verdictOf(result)}${time}${counts === '' ? '' : `: ${counts}`}${missed}`];
  if (known?.kind === 'waiting' && command !== '') lines.push(`  command: ${command}`);
  if (result.verdict === 'skipped' && result.reason !== undefined) lines.push(`  ${oneLine(result.reason, 500)}`);
  return lines;
}

/** Says that what runs still does, for those who take silence for a fault. */
export function stillRunningLines({ checks }: Progress, now: number): readonly string[] {
  return checks.flatMap((one) =>
    one.kind === 'running'
      ? [
          `${one.check}: running for ${duration(now - one.startedAt)}${one.line === '' ? '' : `: ${oneLine(one.line, 200)}`}`,
        ]
      : [],
  );
}
