/** What the doctor says about one part. `failed` has the way out in its words. */
export type Finding = {
  readonly part: string;
  readonly state: 'ok' | 'failed' | 'skipped';
  readonly message: string;
};

/** The error's own sentence as a finding; most errors of ours name the way out. */
export function failed(part: string, error: unknown): Finding {
  return { part, state: 'failed', message: error instanceof Error ? error.message : String(error) };
}
