import type { CheckEvent } from '@holdfast/protocol';
import type { Paint } from '../chat/paint.ts';
import { tableLines } from './live-table.ts';
import { eventLines, stillRunningLines } from './plain-lines.ts';
import { advance, noProgress, type Progress } from './progress.ts';
import { Repaint } from './repaint.ts';
import { reportLines } from './report.ts';
import { duration } from './words.ts';

/** Turns what happens in a run into the bytes that show it. */
export type View = {
  /** How often `tick` is wanted, in milliseconds. */
  readonly tickMs: number;
  event(event: CheckEvent): string;
  tick(): string;
  /** An end was asked for. */
  ending(): string;
  /** Leaves the terminal as it was: at the end, or for as long as somebody else has it. */
  release(): string;
};

export type ViewOptions = {
  readonly paint: Paint;
  /** Epoch milliseconds. */
  readonly now: () => number;
};

/** For a terminal: a table that is redrawn in place, below it in the end what was found. */
export function liveView({
  paint,
  now,
  size,
}: ViewOptions & { readonly size: () => { readonly columns: number; readonly rows: number } }): View {
  const screen = new Repaint();
  const startedAt = now();
  let progress: Progress = noProgress;
  let isEnding = false;
  const draw = (): string => {
    const { columns, rows } = size();
    return screen.draw(tableLines(progress, { now: now(), columns, paint, isEnding }), { columns, rows });
  };
  return {
    tickMs: 100,
    event(event) {
      progress = advance(progress, event, now());
      // Output is shown with the next tick: a screen that changes more often is not read.
      if (event.type === 'output' || event.type === 'planned') return '';
      if (event.type !== 'done') return draw();
      const report = reportLines(event.run, duration(now() - startedAt), { paint, isGrouped: true });
      return `${draw()}${screen.leave()}${report.map((line) => `${line}\n`).join('')}`;
    },
    tick: () => (progress.run === undefined && progress.checks.length > 0 ? draw() : ''),
    ending() {
      isEnding = true;
      return progress.run === undefined && progress.checks.length > 0 ? draw() : '';
    },
    release: () => screen.leave(),
  };
}

/** For everything else: a line for each thing that happens. */
export function plainView({ paint, now }: ViewOptions): View {
  const startedAt = now();
  let progress: Progress = noProgress;
  const join = (lines: readonly string[]): string => lines.map((line) => `${line}\n`).join('');
  return {
    tickMs: 60_000,
    event(event) {
      const lines = eventLines(event, progress);
      progress = advance(progress, event, now());
      if (event.type !== 'done') return join(lines);
      return join(reportLines(event.run, duration(now() - startedAt), { paint, isGrouped: false }));
    },
    tick: () => join(stillRunningLines(progress, now())),
    ending: () => '',
    release: () => '',
  };
}
