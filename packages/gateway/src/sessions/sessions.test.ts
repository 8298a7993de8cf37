import { expect, test, vi } from 'vitest';
import { MemoryConversationStore } from '../conversations/store.memory.ts';
import type { Logger } from '../lib/logger.ts';
import { Sessions } from './sessions.ts';

test('a store that does not answer at the start is asked again, and the gateway lives on', async () => {
  const store = new MemoryConversationStore({ ttlMs: null });
  const unfinished = vi.spyOn(store, 'unfinished').mockRejectedValueOnce(new Error('the disk is away'));
  const error = vi.fn<Logger['error']>();
  const log = {
    error,
    warn: vi.fn<Logger['warn']>(),
    info: vi.fn<Logger['info']>(),
    child: () => log,
  } as unknown as Logger;
  vi.useFakeTimers();
  const sessions = new Sessions({ store, workplaceOf: () => undefined, log });
  try {
    sessions.start();
    await vi.advanceTimersByTimeAsync(0);
    expect(error).toHaveBeenCalledWith({ err: new Error('the disk is away') }, 'regular work failed');
    await vi.advanceTimersByTimeAsync(2_000);
    expect(unfinished).toHaveBeenCalledTimes(2);
    expect(error).toHaveBeenCalledTimes(1);
  } finally {
    await sessions.stop();
    vi.useRealTimers();
  }
});
