/**
 * Calls a listener that only looks on. What it throws, or rejects with, is printed as a warning of the process and never becomes the outcome of what
 * it is told of: a request that GitHub has carried out has not failed because a log is full. `name` is the option that the listener was given as.
 */
export function tell(name: string, listener: () => unknown): void {
  const warn = (error: unknown): void => {
    const { message, stack: detail = message } = error instanceof Error ? error : new Error(String(error));
    process.emitWarning(`${name} threw: ${message}. Nothing else has changed by it.`, {
      type: 'HoldfastWarning',
      detail,
    });
  };
  try {
    const outcome = listener();
    if (outcome instanceof Promise) outcome.catch(warn);
  } catch (error) {
    warn(error);
  }
}
