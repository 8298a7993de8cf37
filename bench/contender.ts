import type { DialectName } from './load/dialect.ts';

/** Bytes of a program's memory, after its garbage was collected. */
export type Memory = { readonly rssBytes: number; readonly heapBytes: number };

/** A server under measurement. All of it that runs for the bench hangs on this value; `stop` leaves nothing behind. */
export type RunningContender = {
  /** Where viewers connect, and how they speak there. */
  readonly wsUrl: string;
  readonly dialect: DialectName;
  /** Sent with each upgrade, e.g. `Authorization`. */
  readonly headers: Readonly<Record<string, string>>;
  /** The processes whose processor time counts as the server's. */
  readonly pids: readonly number[];
  /**
   * Makes the line source work: `stream N MS BYTES` (docs/protocol.md 6.8). Resolves when the server has taken it.
   * The source's lines must carry the time mark (line-mark.ts): start bench/line-source.process.ts as the agent.
   */
  feed(prompt: string): Promise<void>;
  /** Resolves when the last line of the last feed has reached the server, whoever watches. */
  drained(): Promise<void>;
  memory(): Promise<Memory>;
  stop(): Promise<void>;
};

/** One way to bring an agent's lines to browsers. */
export type Contender = {
  readonly name: string;
  /** The work that it does per line, in a few words: it stands under the tables. */
  readonly work: string;
  /** True when a viewer that was away gets what it missed. */
  readonly replays: boolean;
  start(): Promise<RunningContender>;
};
