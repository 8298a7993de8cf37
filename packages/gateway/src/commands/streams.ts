import type { Writable } from 'node:stream';
import type { Environment } from '../lib/environment.ts';

/** What a command writes to, and how it is told to stop. */
export type CommandStreams = {
  readonly stdout: Writable & { readonly isTTY?: boolean; readonly columns?: number };
  readonly stderr: Writable;
  readonly isColoured: boolean;
  /** Aborts on ctrl-c, SIGTERM, and when nobody reads the output any more. */
  readonly interrupt: AbortSignal;
};

/** Runs a command on the streams of this process. */
export async function withProcessStreams(
  env: Environment,
  run: (streams: CommandStreams) => Promise<number>,
): Promise<number> {
  const stop = new AbortController();
  const abort = (): void => stop.abort();
  // Not once: a ctrl-c reaches a process twice when another one started it and passes its own on.
  process.on('SIGINT', abort);
  process.on('SIGTERM', abort);
  process.stdout.on('error', abort);
  try {
    return await run({
      ...{ stdout: process.stdout, stderr: process.stderr, interrupt: stop.signal },
      isColoured: process.stdout.isTTY && !env['NO_COLOR'] && env['TERM'] !== 'dumb',
    });
  } finally {
    process.off('SIGINT', abort);
    process.off('SIGTERM', abort);
  }
}

/** Writes and waits until it was taken. A reader that left is not an error: `interrupt` says so. */
export async function print({ stdout }: Pick<CommandStreams, 'stdout'>, text: string): Promise<void> {
  if (text === '') return;
  await new Promise<void>((resolve) => stdout.write(text, () => resolve()));
}
