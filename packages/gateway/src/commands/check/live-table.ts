import type { CheckVerdict } from '@holdfast/protocol';
import type { Paint, Style } from '../chat/paint.ts';
import { oneLine } from '../chat/printable.ts';
import { cut, widthOf } from '../conversations/table.ts';
import type { CheckProgress, Progress } from './progress.ts';
import { countsOf, duration, verdictOf } from './words.ts';

export type Frame = {
  readonly now: number;
  /** Lines are one shorter: a full row would wrap on some terminals. */
  readonly columns: number;
  readonly paint: Paint;
  /** An end was asked for, and what runs is being ended. */
  readonly isEnding: boolean;
};

const spinner = '⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏';
const spinnerMs = 100;
const looks: Readonly<Record<CheckVerdict, { readonly mark: string; readonly style: Style }>> = {
  passed: { mark: '✔', style: 'green' },
  failed: { mark: '✖', style: 'red' },
  timed_out: { mark: '✖', style: 'red' },
  cancelled: { mark: '✖', style: 'yellow' },
  could_not_start: { mark: '✖', style: 'red' },
  simulated: { mark: '≈', style: 'yellow' },
  skipped: { mark: '○', style: 'yellow' },
};

type Cells = {
  readonly mark: string;
  readonly style: Style;
  readonly state: string;
  readonly time: string;
  /** What comes behind, the first part plain and the others dim. */
  readonly plain: string;
  readonly dim: string;
};

/** One line for each check: state, elapsed time, newest line of output; in the end its counts. */
export function tableLines({ checks }: Progress, frame: Frame): readonly string[] {
  const rows = checks.map((one) => ({ check: one.check, ...cellsOf(one, frame) }));
  const width = (textOf: (row: (typeof rows)[number]) => string): number =>
    Math.max(0, ...rows.map((row) => widthOf(textOf(row))));
  const sizes = {
    check: width(({ check }) => check),
    state: width(({ state }) => state),
    time: width(({ time }) => time),
  };
  const { paint } = frame;
  return rows.map(({ check, mark, style, state, time, plain, dim }) => {
    const pad = (text: string, size: number): string => ' '.repeat(Math.max(0, size - widthOf(text)));
    const parts: readonly Part[] = [
      { text: mark, style, gap: ' ' },
      { text: check + pad(check, sizes.check), style: 'bold', gap: ' ' },
      { text: state + pad(state, sizes.state), style, gap: '  ' },
      { text: pad(time, sizes.time) + time, style: 'reset', gap: '  ' },
      { text: plain, style: 'reset', gap: '  ' },
      { text: dim, style: 'dim', gap: '  ' },
    ];
    return joinWithin(parts, frame.columns - 1, paint);
  });
}

type Part = { readonly text: string; readonly style: Style; readonly gap: string };

/** Puts parts into a line of at most `room` columns; the one that has too little room is cut, and none comes after it. */
function joinWithin(parts: readonly Part[], room: number, paint: Paint): string {
  let line = '';
  let used = 0;
  let gap = '';
  for (const { text, style, gap: behind } of parts.filter((part) => part.text !== '')) {
    const left = room - used - gap.length;
    if (left < 1) break;
    const shown = cut(text, left);
    line += gap + (style === 'reset' ? shown : paint(style, shown));
    used += gap.length + widthOf(shown);
    gap = behind;
    if (shown !== text) break;
  }
  return line;
}

function cellsOf(one: CheckProgress, { now, isEnding }: Frame): Cells {
  const command = oneLine(one.command ?? '', 300);
  switch (one.kind) {
    case 'waiting':
      return { mark: '·', style: 'dim', state: 'waiting', time: '', plain: '', dim: commandWithReason(one) };
    case 'running': {
      const mark = spinner[Math.floor(now / spinnerMs) % spinner.length] ?? '';
      const time = duration(Math.max(0, now - one.startedAt));
      const style = isEnding ? 'yellow' : 'cyan';
      const state = isEnding ? 'ending' : 'running';
      return {
        mark,
        style,
        state,
        time,
        plain: '',
        dim: one.line === '' ? commandWithReason(one) : oneLine(one.line, 500),
      };
    }
    case 'finished': {
      const { result } = one;
      const reason = result.verdict === 'passed' ? '' : oneLine(result.reason ?? '', 300);
      const missed = result.notCached === undefined ? '' : `not cached: ${oneLine(result.notCached, 200)}`;
      return {
        ...looks[result.verdict],
        state: verdictOf(result),
        time: result.durationMs === 0 ? '' : duration(result.durationMs),
        plain: [countsOf(result), reason].filter((part) => part !== '').join('; '),
        dim: [command, missed].filter((part) => part !== '').join('  '),
      };
    }
  }
}

function commandWithReason({ command, why }: CheckProgress): string {
  return oneLine(command === null ? why : `${command} (${why})`, 500);
}
