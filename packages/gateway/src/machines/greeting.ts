import { linkGreeting } from '@holdfast/protocol';
import type { Child, ChildEnd } from './child.ts';

/** What came of waiting for a link's greeting. Unless it is `greeted`, the child has been stopped. */
export type Greeting =
  /** Its stdout stands directly behind the greeting line. */
  | { readonly kind: 'greeted' }
  | { readonly kind: 'ended'; readonly end: ChildEnd }
  | { readonly kind: 'silent'; readonly stderr: string }
  | { readonly kind: 'noise'; readonly stderr: string };

/** What a login shell may say before the link speaks. More than this is not a greeting that is late. */
export const maxNoiseBytes = 65_536;

/** A link that has not spoken has nothing to finish. */
const unheardGraceMs = 200;
const greetingBytes = Buffer.from(linkGreeting);

/**
 * Reads a new link's stdout up to and with its greeting (docs/protocol.md 8.1). The noise before it need not end with
 * a newline. Rejects only when `signal` aborts, with its reason; the child has then been stopped.
 */
export async function awaitGreeting(
  child: Child,
  options: { readonly timeoutMs: number; readonly signal: AbortSignal },
): Promise<Greeting> {
  const greeting = await firstOutcome(child, options);
  if (greeting === 'aborted') {
    await child.stop(unheardGraceMs);
    throw options.signal.reason;
  }
  if (greeting !== 'silent' && greeting !== 'noise') return greeting;
  const stderr = child.stderr();
  await child.stop(unheardGraceMs);
  return { kind: greeting, stderr };
}

type Outcome = Extract<Greeting, { kind: 'greeted' | 'ended' }> | 'silent' | 'noise' | 'aborted';

async function firstOutcome(
  child: Child,
  { timeoutMs, signal }: { readonly timeoutMs: number; readonly signal: AbortSignal },
): Promise<Outcome> {
  if (signal.aborted) return 'aborted';
  const { stdout } = child.process;
  return await new Promise<Outcome>((resolve) => {
    let seen: Buffer = Buffer.alloc(0);
    const settle = (outcome: Outcome): void => {
      clearTimeout(timer);
      signal.removeEventListener('abort', onAbort);
      stdout.off('readable', onReadable);
      resolve(outcome);
    };
    // `readable` and not `data`: a stream that was paused once stays so for the next one who listens.
    const onReadable = (): void => {
      for (let chunk = read(); chunk !== null; chunk = read()) {
        seen = Buffer.concat([seen, chunk]);
        const at = seen.indexOf(greetingBytes);
        if (at >= 0) {
          const rest = seen.subarray(at + greetingBytes.length);
          if (rest.length > 0) stdout.unshift(rest);
          settle({ kind: 'greeted' });
          return;
        }
        if (seen.length > maxNoiseBytes) {
          settle('noise');
          return;
        }
      }
    };
    const read = (): Buffer | null => stdout.read() as Buffer | null;
    const onAbort = (): void => settle('aborted');
    const timer = setTimeout(() => settle('silent'), timeoutMs);
    signal.addEventListener('abort', onAbort);
    stdout.on('readable', onReadable);
    void child.ended.then((end) => settle({ kind: 'ended', end }));
  });
}
