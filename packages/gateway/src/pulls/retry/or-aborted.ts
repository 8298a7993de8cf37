/** Rejects with the signal's reason at once: what does not heed its signal must not hold its caller. */
export function orAborted<Result>(call: Promise<Result>, signal: AbortSignal): Promise<Result> {
  const { promise, reject } = Promise.withResolvers<never>();
  const onAbort = (): void => reject(signal.reason as Error);
  if (signal.aborted) onAbort();
  signal.addEventListener('abort', onAbort, { once: true });
  return Promise.race([call, promise]).finally(() => signal.removeEventListener('abort', onAbort));
}
