type ReportError = (error: unknown) => void;

/**
 * Calls a listener. What it throws is an uncaught error of the page or process, as with the listeners of an `EventTarget`, and ends nothing of what
 * told it: the message is answered and the next listener is told.
 */
export function notify(listener: () => void): void {
  try {
    listener();
  } catch (error) {
    report(error);
  }
}

/** Browsers have `reportError`, Node has not: https://developer.mozilla.org/docs/Web/API/Window/reportError. */
function report(error: unknown): void {
  const { reportError } = globalThis as { readonly reportError?: ReportError };
  if (reportError) return reportError(error);
  queueMicrotask(() => {
    throw error;
  });
}
