import type { Clock } from '../../../packages/gateway/src/pulls/draft/clock.ts';

/** A clock that several processes can share. */
export type ClockSetting = { readonly originMs: number; readonly speed: number };

/** Runs so many times as fast as the machine's from now on: claims and pauses of a minute pass in seconds, for all processes alike. */
export function quickClock(speed: number): ClockSetting {
  return { originMs: Date.now(), speed };
}

export function clockOf({ originMs, speed }: ClockSetting): Clock {
  return {
    now: () => Math.floor(originMs + (Date.now() - originMs) * speed),
    setTimeout: (run, delayMs) => setTimeout(run, delayMs / speed).unref(),
    clearTimeout: (timer) => clearTimeout(timer as NodeJS.Timeout | undefined),
  };
}
