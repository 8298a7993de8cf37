/** What was asked for cannot be done as it was asked; the message is the one sentence for stderr, with the way out. Exit code 2. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
}
