import { delayAfter } from './back-off.ts';
import { meaningOf } from './close-code.ts';

/*
 * The life of a connection.
 *
 *   idle ── open ──► connecting ── ready ──► open
 *                        ▲                    │ lost
 *                        │ elapsed            ▼
 *                        └──────────────── waiting      (1, 2, 5, 10, 30 s; a success counts from zero)
 *                        ▲                    │ lost after the last delay
 *                        └── wake, reconnect ─┴► paused
 *
 * `lost` with a code that says "do not retry" leads to stopped, which only `reconnect` leaves. `closed` is left by nothing.
 * An accepted upgrade is no success yet: a refusal comes as a close code after it, so success is the first `init`.
 */
export type ConnectionState =
  | { readonly kind: 'idle' }
  /** `failures`: attempts in a row that came to nothing. */
  | { readonly kind: 'connecting'; readonly failures: number }
  | { readonly kind: 'open' }
  | { readonly kind: 'waiting'; readonly failures: number; readonly delayMs: number; readonly reason: string }
  /** All attempts are used up; it goes on when asked to, or when the page or the network wakes up. */
  | { readonly kind: 'paused'; readonly reason: string }
  /** The gateway refused; `code` is its close code. */
  | { readonly kind: 'stopped'; readonly code: number; readonly reason: string }
  | { readonly kind: 'closed' };

export type ConnectionEvent =
  | { readonly kind: 'open' }
  | { readonly kind: 'ready' }
  | { readonly kind: 'lost'; readonly code: number; readonly reason: string }
  | { readonly kind: 'elapsed' }
  /** The page became visible, or the network came back. */
  | { readonly kind: 'wake' }
  /** Somebody asked for a fresh connection. */
  | { readonly kind: 'reconnect' }
  | { readonly kind: 'close' };

/** What the caller has to do now. `dial` and `hang-up` drop the socket there is; `wait` replaces the timer there is. */
export type ConnectionEffect =
  | { readonly kind: 'dial' }
  | { readonly kind: 'wait'; readonly delayMs: number }
  | { readonly kind: 'hang-up' };

export type ConnectionStep = { readonly state: ConnectionState; readonly effects: readonly ConnectionEffect[] };

/** The next state and what to do; an event that means nothing in a state changes nothing. */
export function stepConnection(state: ConnectionState, event: ConnectionEvent): ConnectionStep {
  if (state.kind === 'closed') return stay(state);
  switch (event.kind) {
    case 'close':
      return { state: { kind: 'closed' }, effects: [{ kind: 'hang-up' }] };
    case 'reconnect':
      return dial(0);
    case 'open':
      return state.kind === 'idle' ? dial(0) : stay(state);
    case 'ready':
      return state.kind === 'connecting' ? stay({ kind: 'open' }) : stay(state);
    case 'elapsed':
      return state.kind === 'waiting' ? dial(state.failures) : stay(state);
    case 'wake':
      if (state.kind === 'paused') return dial(0);
      return state.kind === 'waiting' ? dial(state.failures) : stay(state);
    case 'lost':
      if (state.kind === 'open') return afterLoss(0, event.code, event.reason);
      return state.kind === 'connecting' ? afterLoss(state.failures, event.code, event.reason) : stay(state);
  }
}

function afterLoss(failures: number, code: number, reason: string): ConnectionStep {
  if (meaningOf(code) === 'stop') return { state: { kind: 'stopped', code, reason }, effects: [{ kind: 'hang-up' }] };
  const delayMs = delayAfter(failures);
  if (delayMs === undefined) return { state: { kind: 'paused', reason }, effects: [{ kind: 'hang-up' }] };
  return {
    state: { kind: 'waiting', failures: failures + 1, delayMs, reason },
    effects: [{ kind: 'hang-up' }, { kind: 'wait', delayMs }],
  };
}

function dial(failures: number): ConnectionStep {
  return { state: { kind: 'connecting', failures }, effects: [{ kind: 'dial' }] };
}

function stay(state: ConnectionState): ConnectionStep {
  return { state, effects: [] };
}
