/** Milliseconds before each further attempt to connect; when they are used up the client waits to be asked. */
export const reconnectDelaysMs: readonly number[] = [1_000, 2_000, 5_000, 10_000, 30_000];

/** How long to wait after `failures` failures in a row (from 0); undefined when it is time to give up for now. */
export function delayAfter(failures: number): number | undefined {
  return reconnectDelaysMs[failures];
}
