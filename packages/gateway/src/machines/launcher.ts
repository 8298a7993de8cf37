import type { Readable, Writable } from 'node:stream';

/** How a link ended. `stderr` is the last 4 KiB of what the process said there. */
export type LinkExit = { readonly code: number | null; readonly signal: string | null; readonly stderr: string };

/** A running `holdfast-agent link` on the project's machine: a byte stream each way (docs/protocol.md section 8). */
export type LinkProcess = {
  readonly stdin: Writable;
  /** Begins directly after the greeting line. */
  readonly stdout: Readable;
  /** Resolves once, when the process and its connection are gone; never rejects. */
  readonly exited: Promise<LinkExit>;
  /** Ends it: end of input, then TERM, then KILL. Twice is fine. Resolves when it is gone. */
  stop(): Promise<void>;
};

/**
 * How to start the link over there. One attempt; the caller decides about more (connect-with-retry.ts).
 * `start` resolves when the greeting was read. It rejects with a {@link LaunchError}: `host_key_mismatch` and
 * `agent_unavailable` are final, `ssh_unreachable` and `unavailable` with `transient: true` may be tried again.
 * When `signal` aborts, it rejects with the signal's reason. A rejected start has left no process behind.
 */
export interface Launcher {
  /** For logs and errors: `this machine`, `coder@10.0.0.7:2222`. */
  readonly name: string;
  start(options: { signal: AbortSignal }): Promise<LinkProcess>;
}
