import type { DialectName } from './dialect.ts';
import type { Upgrade } from './viewer.ts';

/** What the load client is told, over the channel that `fork` makes; it answers each with one {@link LoadAnswer}. */
export type LoadOrder =
  | { readonly kind: 'open'; readonly viewers: number; readonly upgrade: Upgrade; readonly dialect: DialectName }
  | { readonly kind: 'expect'; readonly linesPerViewer: number; readonly timeoutMs: number; readonly latency: boolean }
  | { readonly kind: 'cut' }
  | { readonly kind: 'return' };

export type LoadAnswer =
  | { readonly kind: 'ready' }
  | { readonly kind: 'failed'; readonly reason: string }
  | { readonly kind: 'received'; readonly received: Received };

/** What came between an `expect` and its end. Times are microseconds of the machine's clock. */
export type Received = {
  readonly lines: number;
  readonly isWhole: boolean;
  readonly expectedAt: number;
  readonly firstAt: number;
  readonly lastAt: number;
  /** From the source's write to this process's read; only when asked for. */
  readonly latency?: { readonly p50: number; readonly p99: number; readonly max: number };
};
