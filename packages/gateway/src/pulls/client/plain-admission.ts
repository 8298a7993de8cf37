import { HoldfastError } from '@holdfast/protocol';
import type { TokenPool } from '../tokens/token-pool.ts';
import type { Admission, Admitted, Ask } from './admission.ts';

/** A pool at the door, and nothing else: no budgets, no order. */
export class PlainAdmission implements Admission {
  readonly #pool: TokenPool;

  constructor(pool: TokenPool) {
    this.#pool = pool;
  }

  async admit(ask: Ask, options: { readonly signal: AbortSignal; readonly notAfterMs: number }): Promise<Admitted> {
    for (;;) {
      options.signal.throwIfAborted();
      const taken = this.#pool.take(ask.resource);
      switch (taken.kind) {
        case 'none':
          return taken;
        case 'token': {
          let isOver = false;
          const end = (): void => {
            if (isOver) throw new HoldfastError('internal', 'A permit was ended twice.');
            isOver = true;
          };
          return {
            kind: 'permit',
            label: taken.label,
            secret: taken.secret,
            ended: (question, answer) => {
              end();
              return this.#pool.ended(taken.label, question, answer);
            },
            unused: end,
          };
        }
        case 'cooling':
          if (taken.untilMs > options.notAfterMs) return { kind: 'too_late', availableAtMs: taken.untilMs };
          await until(taken.untilMs, options.signal);
      }
    }
  }
}

function until(atMs: number, signal: AbortSignal): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  const timer = setTimeout(resolve, Math.max(1, atMs - Date.now()));
  const onAbort = (): void => reject(signal.reason as Error);
  signal.addEventListener('abort', onAbort, { once: true });
  return promise.finally(() => {
    clearTimeout(timer);
    signal.removeEventListener('abort', onAbort);
  });
}
