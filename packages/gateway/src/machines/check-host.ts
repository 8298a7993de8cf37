import type { CheckEvent, CheckName, CheckRequest } from '@holdfast/protocol';

/** Who hears what becomes of a run of checks. */
export type CheckListener = {
  /** In order: `planned` of all, then what happens to each, `done` at the end. */
  event(event: CheckEvent): void;
  /**
   * The next bytes of a check's whole output, which may come later than its `finished`. Nothing more of this output is sent until
   * it has resolved (but for 64 KiB that are on the way). The bytes are the receiver's to keep. Must not reject.
   */
  log(check: CheckName, bytes: Buffer): Promise<void>;
};

/**
 * A project's machine, as a run of checks needs it. `runChecks` resolves when the run has ended there, nothing of it is left, and
 * all of its outputs were taken. It rejects with a HoldfastError: `bad_message` when the machine refuses what was asked,
 * `ssh_unreachable`, `host_key_mismatch`, `agent_unavailable`; `unavailable` when the connection broke, which ends the run there.
 *
 * When `signal` aborts the run is cancelled: before it has begun that rejects with the signal's reason, afterwards what became of
 * the checks is told, and it resolves as ever.
 */
export interface CheckHost {
  runChecks(request: CheckRequest, listener: CheckListener, options: { signal: AbortSignal }): Promise<void>;
}
