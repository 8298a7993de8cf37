import { newDialect } from './load/dialect.ts';
import type { LoadAnswer, LoadOrder, Received } from './load/orders.ts';
import { Viewer } from './load/viewer.ts';
import { markDigits, nowMicros, readMark } from './line-mark.ts';
import { quantile } from './stats.ts';

/*
 * The viewers of a measurement, in a process of their own so that they do not share a core with what is measured
 * (on a machine that has two). It only counts and looks at clocks: no JSON is parsed, no string made of a line.
 */

type Expectation = {
  readonly lines: number;
  readonly expectedAt: number;
  readonly latencies: Float64Array | undefined;
  readonly timer: NodeJS.Timeout;
};

let viewers: readonly Viewer[] = [];
let expectation: Expectation | undefined;
let lines = 0;
let firstAt = 0;
let lastAt = 0;
let chunk: Buffer | undefined;

function onLine(bytes: Buffer, markAt: number, frameEnd: number): void {
  // One look at the clock per chunk: what came together was read together.
  if (bytes !== chunk) {
    chunk = bytes;
    lastAt = nowMicros();
    if (lines === 0) firstAt = lastAt;
  }
  const latencies = expectation?.latencies;
  if (latencies && lines < latencies.length) {
    latencies[lines] = markAt + markDigits < frameEnd ? lastAt - readMark(bytes, markAt) : Number.NaN;
  }
  lines += 1;
  if (lines === expectation?.lines) report();
}

async function carryOut(order: LoadOrder): Promise<void> {
  switch (order.kind) {
    case 'open':
      viewers = Array.from(
        { length: order.viewers },
        () => new Viewer(order.upgrade, newDialect(order.dialect), onLine),
      );
      await openAll(false);
      break;
    case 'return':
      await openAll(true);
      break;
    case 'cut':
      for (const viewer of viewers) viewer.cut();
      break;
    case 'expect':
      expect(order.linesPerViewer * viewers.length, order);
      break;
  }
  answer({ kind: 'ready' });
}

/** Fifty at a time: a listening socket takes only so many at once. */
async function openAll(isReturning: boolean): Promise<void> {
  for (let at = 0; at < viewers.length; at += 50) {
    await Promise.all(viewers.slice(at, at + 50).map((viewer) => viewer.open(isReturning)));
  }
}

function expect(total: number, order: { readonly timeoutMs: number; readonly latency: boolean }): void {
  lines = 0;
  firstAt = 0;
  lastAt = 0;
  chunk = undefined;
  expectation = {
    lines: total,
    expectedAt: nowMicros(),
    latencies: order.latency ? new Float64Array(total) : undefined,
    timer: setTimeout(report, order.timeoutMs),
  };
}

function report(): void {
  if (!expectation) return;
  const { timer, latencies, expectedAt } = expectation;
  clearTimeout(timer);
  const received: Received = {
    lines,
    isWhole: lines === expectation.lines,
    expectedAt,
    firstAt,
    lastAt,
    ...(latencies && { latency: summary(latencies.subarray(0, lines)) }),
  };
  expectation = undefined;
  answer({ kind: 'received', received });
}

function summary(latencies: Float64Array): NonNullable<Received['latency']> {
  const sorted = latencies.filter((micros) => !Number.isNaN(micros)).toSorted();
  return { p50: quantile(sorted, 0.5), p99: quantile(sorted, 0.99), max: quantile(sorted, 1) };
}

function answer(message: LoadAnswer): void {
  process.send?.(message);
}

process.on('message', (order: LoadOrder) => {
  carryOut(order).catch((error: unknown) => answer({ kind: 'failed', reason: String(error) }));
});
process.on('disconnect', () => process.exit(0));
