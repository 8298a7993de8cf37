/**
 * A clock that runs `speed` times as fast as the machine's. All processes that are given the same one tell the same time: it is reckoned
 * from CLOCK_MONOTONIC, which a machine has one of, and which nobody sets.
 */
export type FastClock = {
  readonly speed: number;
  /** `process.hrtime.bigint()` at its beginning. */
  readonly originNs: bigint;
  /** What it shows at its beginning, epoch milliseconds. */
  readonly originMs: number;
};

/** The variable that hands it to a process which loads `fast-clock-preload.ts`. */
const variable = 'HOLDFAST_BENCH_CLOCK';

/** One that begins now and shows what the machine's clock shows. */
export function startFastClock(speed: number): FastClock {
  return { speed, originNs: process.hrtime.bigint(), originMs: Date.now() };
}

/** What it shows, epoch milliseconds with their fraction. */
export function timeOn(clock: FastClock, atNs: bigint = process.hrtime.bigint()): number {
  return clock.originMs + (Number(atNs - clock.originNs) / 1e6) * clock.speed;
}

/** The environment of a process that is to live by it. */
export function environmentOf(clock: FastClock): Readonly<Record<string, string>> {
  return { [variable]: `${clock.speed},${clock.originNs},${clock.originMs}` };
}

/** The one that this process was given; throws without. */
export function readFastClock(env: NodeJS.ProcessEnv): FastClock {
  const [speed = '', originNs = '', originMs = ''] = env[variable]?.split(',') ?? [];
  if (!(Number(speed) > 0)) throw new Error(`${variable} is not set; only the bench starts this`);
  return { speed: Number(speed), originNs: BigInt(originNs), originMs: Number(originMs) };
}
