import { checkNames, type CheckName } from '@holdfast/protocol';
import { UsageError } from '../lib/usage-error.ts';

/** Which checks each check waits for. */
export type WaitsFor = ReadonlyMap<CheckName, readonly CheckName[]>;

/** The names of a comma-separated list; throws with a sentence for one that is none. */
export function parseChecks(text: string, where: string): readonly CheckName[] {
  const words = text.split(',').map((word) => word.trim());
  const unknown = words.find((word) => !isCheckName(word));
  if (unknown !== undefined)
    throw new UsageError(`${where} names "${unknown}"; the checks are ${checkNames.join(', ')}.`);
  return checkNames.filter((name) => words.includes(name));
}

/** Reads rules such as `build=lint,test`. Throws with a sentence for what cannot be read or waits in a circle. */
export function parseWaitsFor(rules: readonly string[]): WaitsFor {
  const waits = new Map<CheckName, readonly CheckName[]>();
  for (const rule of rules) {
    const [left = '', right] = rule.split('=', 2);
    if (right === undefined)
      throw new UsageError(`--after takes CHECK=CHECK,CHECK such as build=lint,test, not "${rule}".`);
    for (const check of parseChecks(left, '--after')) {
      waits.set(check, [...(waits.get(check) ?? []), ...parseChecks(right, '--after')]);
    }
  }
  const inCircle = checkNames.find((name) => reaches(waits, name, name));
  if (inCircle !== undefined) throw new UsageError(`--after makes ${inCircle} wait for itself.`);
  return waits;
}

function reaches(waits: WaitsFor, from: CheckName, wanted: CheckName, seen: readonly CheckName[] = []): boolean {
  return (waits.get(from) ?? []).some(
    (next) => next === wanted || (!seen.includes(next) && reaches(waits, next, wanted, [...seen, next])),
  );
}

/**
 * Runs each of `checks` once: all at once, or one after the other when `isSerial`, and each when those it waits for are
 * through. `run` is told the first of these that did not turn out well (`isGood`), and is called then too.
 */
export async function runInOrder<T>(
  checks: readonly CheckName[],
  waits: WaitsFor,
  isSerial: boolean,
  run: (check: CheckName, blockedBy: CheckName | undefined) => Promise<T>,
  isGood: (outcome: T) => boolean,
): Promise<ReadonlyMap<CheckName, T>> {
  const outcomes = new Map<CheckName, T>();
  const running = new Map<CheckName, Promise<void>>();
  let last: Promise<void> = Promise.resolve();
  for (const check of inOrder(checks, waits)) {
    const needed = (waits.get(check) ?? []).filter((each) => checks.includes(each));
    const before = isSerial ? [last] : needed.flatMap((each) => running.get(each) ?? []);
    const one = Promise.all(before).then(async () => {
      const blockedBy = needed.find((each) => !isGood(outcomes.get(each) as T));
      outcomes.set(check, await run(check, blockedBy));
    });
    running.set(check, one);
    last = one;
  }
  await Promise.all(running.values());
  return outcomes;
}

/** Those that are waited for first, else as they are. */
function inOrder(checks: readonly CheckName[], waits: WaitsFor): readonly CheckName[] {
  const ordered: CheckName[] = [];
  const add = (check: CheckName): void => {
    if (ordered.includes(check)) return;
    for (const needed of waits.get(check) ?? []) if (checks.includes(needed)) add(needed);
    ordered.push(check);
  };
  for (const check of checks) add(check);
  return ordered;
}

function isCheckName(word: string): word is CheckName {
  return checkNames.some((name) => name === word);
}
