import { vi } from 'vitest';
import type { EntryStore } from '../../../conversations/entry-store.ts';
import { MemoryEntries } from '../../../conversations/entries.memory.ts';
import type { Permit } from '../admission.ts';
import { answer, doorOf, get, minuteMs, permitOf, quota, read } from './door.ts';

export const hourMs = 60 * minuteMs;
/** Of a quota that there is plenty of. */
export const told = quota(5_000, 4_999, hourMs);

/** Doors with the same token, each of a process of its own. */
export function gateways(count: number, entries: EntryStore = new MemoryEntries()) {
  return Array.from({ length: count }, () => doorOf({ entries }));
}

export type Door = ReturnType<typeof doorOf>;

/** One request that tells of the quota, so that others need not wait for it. */
export async function know({ ask }: Door): Promise<void> {
  (await permitOf(ask())).ended(get, answer(200, told));
  await vi.advanceTimersByTimeAsync(1_000);
}

/** Asks at each door so many times, and collects who gets a permit. */
export function askAll(doors: readonly Door[], count: number, what = read): { readonly permits: Permit[] } {
  const permits: Permit[] = [];
  for (const door of doors) {
    for (let one = 0; one < count; one += 1) {
      door.ask(what).then(
        (admitted) => admitted.kind === 'permit' && permits.push(admitted),
        () => undefined,
      );
    }
  }
  return { permits };
}
