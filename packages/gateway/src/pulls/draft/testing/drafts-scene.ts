import { silent } from '../../../../../../test/support/github/loggers.ts';
import { FakeClock } from '../../../../../../test/support/fake-clock.ts';
import { until } from '../../../../../../test/support/until.ts';
import { MemoryEntries } from '../../../conversations/entries.memory.ts';
import { Drafts, type DraftsParts } from '../drafts.ts';
import type { DraftEnd } from '../draft-end.ts';
import { policy, ScriptedTarget } from './scripted-target.ts';

/** Gateways that share a store and a place for drafts, and a clock that is moved by hand. */
export class DraftsScene {
  readonly clock = new FakeClock();
  readonly entries = new MemoryEntries(this.clock.now);
  readonly target = new ScriptedTarget();
  readonly ends: DraftEnd[] = [];

  gateway(owner = 'a', change: Partial<DraftsParts> = {}): Drafts {
    const { clock, entries, target } = this;
    return new Drafts({
      entries,
      owner,
      log: silent,
      projectOf: () => ({ target, policy }),
      clock,
      onFinished: ({ end }) => void this.ends.push(end),
      ...change,
    });
  }

  /** The step waits until its signal aborts, or until it is let go on. */
  holdAt(step: string): { readonly reached: Promise<AbortSignal>; readonly goOn: () => void } {
    const reached = Promise.withResolvers<AbortSignal>();
    const released = Promise.withResolvers<void>();
    this.target.around = async (name, when, { signal }) => {
      if (name !== step || when !== 'before') return;
      reached.resolve(signal);
      signal.addEventListener('abort', () => released.reject(signal.reason as Error));
      await released.promise;
    };
    return { reached: reached.promise, goOn: released.resolve };
  }

  /** Time goes on until this has come about. */
  async pass<Result>(what: Promise<Result>): Promise<Result> {
    let isOver = false;
    void what.finally(() => (isOver = true)).catch(() => undefined);
    await until('time to pass', () => {
      if (!isOver) this.clock.advance(1000);
      return isOver;
    });
    return what;
  }

  async parts(): Promise<number> {
    const keys = [];
    const body = (await this.entries.readEntry('draft/d-1'))?.body ?? '{}';
    const digest = /"digest":"(.{16})/.exec(body)?.[1] ?? '';
    for (let part = 0; part < 50; part += 1) {
      if (await this.entries.readEntry(`draft/d-1/part/${digest}/${part}`)) keys.push(part);
    }
    return keys.length;
  }
}
