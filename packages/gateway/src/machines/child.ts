import type { ChildProcessWithoutNullStreams } from 'node:child_process';
import type { LinkExit } from './launcher.ts';

/** How a child ended; `startError` when it never was one (no such program). */
export type ChildEnd = LinkExit & { readonly startError?: Error };

/** A child that leads a process group of its own, and will be gone when it is told so. */
export type Child = {
  readonly process: ChildProcessWithoutNullStreams;
  /** Resolves once, when the child is gone and the rest of its group has been killed; never rejects. */
  readonly ended: Promise<ChildEnd>;
  /** The last 4 KiB of its stderr so far. */
  stderr(): string;
  /** End of input, TERM after `graceMs`, KILL after as long again. Twice is fine. Resolves when it is gone. */
  stop(graceMs?: number): Promise<void>;
};

const stderrTailBytes = 4096;
/** stderr may be held open by a process that the child left in another group: its last words are waited for this long. */
const lastWordsMs = 250;
const defaultGraceMs = 1500;

/** Takes charge of a child that was spawned `detached`, with pipes for all three streams. */
export function holdChild(child: ChildProcessWithoutNullStreams): Child {
  // A peer that left is not an error: whoever writes learns it from `ended`.
  child.stdin.on('error', () => {});
  child.stdout.on('error', () => {});
  child.stderr.on('error', () => {});
  const stderr = keepTail(child, stderrTailBytes);
  const ended = endOf(child, stderr);
  let stopping: Promise<void> | undefined;
  return {
    process: child,
    ended,
    stderr,
    stop: (graceMs = defaultGraceMs) => (stopping ??= stopChild(child, ended, graceMs)),
  };
}

function keepTail(child: ChildProcessWithoutNullStreams, maxBytes: number): () => string {
  let tail = Buffer.alloc(0);
  child.stderr.on('data', (chunk: Buffer) => {
    tail = Buffer.concat([tail, chunk]);
    // A copy, so that the tail does not keep all that came before it alive.
    if (tail.length > maxBytes) tail = Buffer.from(tail.subarray(tail.length - maxBytes));
  });
  return () => tail.toString('utf8');
}

async function endOf(child: ChildProcessWithoutNullStreams, stderr: () => string): Promise<ChildEnd> {
  const end = await new Promise<{ code: number | null; signal: string | null; startError?: Error }>((resolve) => {
    child.once('exit', (code, signal) => resolve({ code, signal }));
    child.once('error', (startError) => {
      if (child.pid === undefined) resolve({ code: null, signal: null, startError });
    });
  });
  // ssh's own children (a jump host's ssh, a ProxyCommand) are in its group and have nothing left to live for.
  if (child.pid !== undefined) signalGroup(child.pid, 'SIGKILL');
  await settled(child, lastWordsMs);
  return { ...end, stderr: stderr() };
}

async function settled(child: ChildProcessWithoutNullStreams, maxMs: number): Promise<void> {
  if (child.stderr.closed) return;
  await new Promise<void>((resolve) => {
    const timer = setTimeout(resolve, maxMs);
    child.stderr.once('close', () => {
      clearTimeout(timer);
      resolve();
    });
  });
}

async function stopChild(
  child: ChildProcessWithoutNullStreams,
  ended: Promise<unknown>,
  graceMs: number,
): Promise<void> {
  child.stdin.end();
  // What it still says is nobody's: an unread pipe must not keep it from leaving.
  child.stdout.resume();
  const timers = (['SIGTERM', 'SIGKILL'] as const).map((signal, index) =>
    setTimeout(
      () => {
        if (child.pid !== undefined) signalGroup(child.pid, signal);
      },
      graceMs * (index + 1),
    ),
  );
  await ended;
  for (const timer of timers) clearTimeout(timer);
}

function signalGroup(groupId: number, signal: NodeJS.Signals): void {
  try {
    process.kill(-groupId, signal);
  } catch {
    // The group is gone, which is what was wanted.
  }
}
