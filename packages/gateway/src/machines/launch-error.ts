import { HoldfastError, type ErrorCode } from '@holdfast/protocol';

/** Beside its code, a fault of starting a link says whether trying again at once may help. */
export type LaunchError = HoldfastError & { readonly transient: boolean };

/** The error that a launcher rejects with; final unless it is said to be transient. */
export function launchError(
  code: ErrorCode,
  message: string,
  options: { readonly transient?: boolean; readonly cause?: unknown } = {},
): LaunchError {
  return Object.assign(new HoldfastError(code, message, { cause: options.cause }), {
    transient: options.transient ?? false,
  });
}

/** Whether this is a {@link LaunchError} after which the same start may succeed without anybody mending anything. */
export function isTransient(thrown: unknown): thrown is LaunchError {
  return thrown instanceof HoldfastError && 'transient' in thrown && thrown.transient === true;
}
