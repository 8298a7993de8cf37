import fc from 'fast-check';
import { expect, test } from 'vitest';

import { stepConnection, type ConnectionEvent, type ConnectionState } from './connection-state.ts';

const lost: ConnectionEvent = { kind: 'lost', code: 1006, reason: 'gone' };

function run(...events: readonly ConnectionEvent[]): ConnectionState {
  return events.reduce<ConnectionState>((state, event) => stepConnection(state, event).state, { kind: 'idle' });
}

function fail(times: number): ConnectionEvent[] {
  return [
    { kind: 'open' },
    lost,
    ...Array.from({ length: times - 1 }, () => [{ kind: 'elapsed' } as const, lost]).flat(),
  ];
}

test('each failure in a row waits longer and the sixth pauses', () => {
  const waits = [1, 2, 3, 4, 5].map((times) => run(...fail(times)));
  expect(waits.map((state) => state.kind === 'waiting' && state.delayMs)).toEqual([
    1_000, 2_000, 5_000, 10_000, 30_000,
  ]);
  expect(run(...fail(6))).toEqual({ kind: 'paused', reason: 'gone' });
});

test('a success counts from zero', () => {
  expect(run(...fail(4), { kind: 'elapsed' }, { kind: 'ready' }, lost)).toMatchObject({
    kind: 'waiting',
    delayMs: 1_000,
  });
});

test('waking dials at once while waiting and when paused', () => {
  expect(run(...fail(3), { kind: 'wake' })).toEqual({ kind: 'connecting', failures: 3 });
  expect(run(...fail(6), { kind: 'wake' })).toEqual({ kind: 'connecting', failures: 0 });
});

test.each([4400, 4401, 4403, 4404])('%i stops, and only asking for it dials again', (code) => {
  const stopped = run({ kind: 'open' }, { kind: 'lost', code, reason: 'no' });
  expect(stopped).toEqual({ kind: 'stopped', code, reason: 'no' });
  for (const kind of ['wake', 'elapsed', 'ready', 'open'] as const) {
    expect(stepConnection(stopped, { kind })).toEqual({ state: stopped, effects: [] });
  }
  expect(stepConnection(stopped, { kind: 'reconnect' }).effects).toEqual([{ kind: 'dial' }]);
});

test.each([1000, 1001, 1006, 1009, 1011, 1012, 1013])('%i is tried again', (code) => {
  expect(run({ kind: 'open' }, { kind: 'ready' }, { kind: 'lost', code, reason: '' }).kind).toBe('waiting');
});

test('whatever happens, closed is left by nothing and there is a timer exactly while it waits', () => {
  const anyEvent: fc.Arbitrary<ConnectionEvent> = fc.oneof(
    fc.constantFrom<ConnectionEvent[]>(
      { kind: 'open' },
      { kind: 'ready' },
      { kind: 'elapsed' },
      { kind: 'wake' },
      { kind: 'reconnect' },
    ),
    fc.constantFrom(1006, 1009, 1012, 4401).map((code) => ({ kind: 'lost', code, reason: 'gone' }) as const),
    fc.record({ kind: fc.constant('close' as const) }),
  );
  fc.assert(
    fc.property(fc.array(anyEvent, { maxLength: 40, size: 'max' }), (events) => {
      let state: ConnectionState = { kind: 'idle' };
      let hasTimer = false;
      let hasSocket = false;
      for (const event of events) {
        const wasClosed = state.kind === 'closed';
        if (event.kind === 'elapsed') hasTimer = false;
        const step = stepConnection(state, event);
        state = step.state;
        for (const effect of step.effects) {
          hasTimer = effect.kind === 'wait';
          hasSocket = effect.kind === 'dial';
        }
        expect(wasClosed && state.kind !== 'closed').toBe(false);
        expect(hasSocket).toBe(state.kind === 'connecting' || state.kind === 'open');
        if (state.kind !== 'waiting') expect(hasTimer).toBe(false);
      }
    }),
  );
});
