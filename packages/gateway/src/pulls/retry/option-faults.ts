import { isObject } from './is-object.ts';

/** What an option may be, in words (`a number from 0 to 1`), and whether a value is that. */
export type OptionRule = { readonly what: string; readonly holds: (value: unknown) => boolean };

/** What is wrong with options, one sentence each: names that there are not, and values that no rule allows. Undefined is as if it were not there. */
export function optionFaults(given: unknown, rules: Readonly<Record<string, OptionRule>>): readonly string[] {
  if (!isObject(given)) return [`options are an object, and this is ${shapeOf(given)}`];
  const wrong = Object.entries(rules).flatMap(([name, { what, holds }]) => {
    const value = given[name];
    return value === undefined || holds(value) ? [] : [`${name} must be ${what}, and is ${shapeOf(value)}`];
  });
  return [...nameFaults(given, Object.keys(rules)), ...wrong];
}

/** Names among the options that there are not, each with the one that was perhaps meant. */
export function nameFaults(given: Readonly<Record<string, unknown>>, names: readonly string[]): readonly string[] {
  const unknown = Object.keys(given).filter((name) => !names.includes(name));
  return unknown.map((name) => {
    const meant = nearestTo(name, names);
    const shown = name.slice(0, 50);
    return meant === undefined
      ? `there is no option ${shown}, only ${names.join(', ')}`
      : `there is no option ${shown}; ${meant} is one`;
  });
}

/** A value as a message may show it: never a text itself, which could be a token that stands in the wrong place. */
export function shapeOf(value: unknown): string {
  switch (typeof value) {
    case 'string':
      return `a text of length ${value.length}`;
    case 'object':
      return value === null ? 'null' : Array.isArray(value) ? `an array of ${value.length}` : 'an object';
    case 'function':
    case 'symbol':
      return `a ${typeof value}`;
    case 'number':
    case 'bigint':
    case 'boolean':
    case 'undefined':
      return String(value);
  }
}

export const aBoolean: OptionRule = { what: 'true or false', holds: (value) => typeof value === 'boolean' };
export const aFunction: OptionRule = { what: 'a function', holds: (value) => typeof value === 'function' };

/** A number in this range, both ends included; neither NaN nor infinite. */
export function numberIn(min: number, max: number): OptionRule {
  const holds = (value: unknown): boolean => typeof value === 'number' && value >= min && value <= max;
  return { what: `a number from ${min} to ${max}`, holds };
}

/** A whole number in this range, both ends included. */
export function wholeNumberIn(min: number, max: number): OptionRule {
  const { holds } = numberIn(min, max);
  return { what: `a whole number from ${min} to ${max}`, holds: (value) => Number.isInteger(value) && holds(value) };
}

/** An object with these methods, `what` in words. */
export function objectWith(what: string, ...methods: readonly string[]): OptionRule {
  return { what, holds: (value) => isObject(value) && methods.every((name) => typeof value[name] === 'function') };
}

/** The name that differs least, when less than a third of its letters does; `max_retries` is `maxRetries`. */
function nearestTo(given: string, names: readonly string[]): string | undefined {
  const plain = (name: string): string => name.replaceAll(/[_-]/g, '').toLowerCase();
  // A name of any length may be given; what is far too long is near to none.
  const near = names
    .map((name) => ({ name, differences: differencesOf(plain(given.slice(0, 50)), plain(name)) }))
    .filter(({ name, differences }) => differences * 3 <= name.length);
  return near.toSorted((one, other) => one.differences - other.differences)[0]?.name;
}

/** How many letters have to be put in, taken away or changed: https://en.wikipedia.org/wiki/Levenshtein_distance. */
function differencesOf(one: string, other: string): number {
  let row = Array.from({ length: other.length + 1 }, (_, at) => at);
  for (const [at, letter] of one.split('').entries()) {
    const next = [at + 1];
    for (const [column, its] of other.split('').entries()) {
      const changed = (row[column] ?? 0) + (letter === its ? 0 : 1);
      next.push(Math.min(changed, (row[column + 1] ?? 0) + 1, (next[column] ?? 0) + 1));
    }
    row = next;
  }
  return row[other.length] ?? 0;
}
