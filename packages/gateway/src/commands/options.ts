import { parseArgs, type ParseArgsConfig } from 'node:util';
import { conversationStatuses, HoldfastError, parseConversationId, type ConversationId } from '@holdfast/protocol';

type Options = NonNullable<ParseArgsConfig['options']>;
type Read<Known extends Options> = ReturnType<
  typeof parseArgs<{ args: string[]; allowPositionals: true; options: Known }>
>;

/** Reads a command line. Rejects with the way out: `see holdfast COMMAND --help`. */
export function readOptions<const Known extends Options>(
  args: readonly string[],
  command: string,
  options: Known,
): Read<Known> {
  try {
    return parseArgs({ args: [...args], allowPositionals: true, options });
  } catch (cause) {
    const what = cause instanceof Error ? cause.message.split('. ')[0] : String(cause);
    throw new HoldfastError('bad_message', `${what}; see holdfast ${command} --help.`, { cause });
  }
}

/** The words behind the options, when none are wanted. */
export function expectNone(positionals: readonly string[], command: string): void {
  if (positionals.length === 0) return;
  throw new HoldfastError(
    'bad_message',
    `holdfast ${command} takes no "${positionals[0]}"; see holdfast ${command} --help.`,
  );
}

export function expectId(text: string): ConversationId {
  const id = parseConversationId(text);
  if (id !== undefined) return id;
  throw new HoldfastError(
    'bad_message',
    `"${text}" is not the id of a conversation; holdfast conversations list shows them.`,
  );
}

/** A whole number of an option. */
export function expectWhole(name: string, text: string, min: number, max: number): number {
  const value = Number(text);
  if (/^\d+$/.test(text) && value >= min && value <= max) return value;
  throw new HoldfastError('bad_message', `--${name} must be a whole number from ${min} to ${max}, and is "${text}".`);
}

/** Hours of `--ttl-hours`; parts of one are fine. */
export function expectHours(name: string, text: string): number {
  const value = Number(text);
  if (/^\d+(\.\d+)?$/.test(text) && value <= 876_000) return value;
  throw new HoldfastError('bad_message', `--${name} must be a number of hours from 0 to 876000, and is "${text}".`);
}

export function expectStatuses(text: string): (typeof conversationStatuses)[number][] {
  return text.split(',').map((word) => {
    const status = conversationStatuses.find((known) => known === word.trim());
    if (status !== undefined) return status;
    throw new HoldfastError(
      'bad_message',
      `--status must be of ${conversationStatuses.join(', ')}, and has "${word}".`,
    );
  });
}

const unitMs: Readonly<Record<string, number>> = { m: 60_000, h: 3_600_000, d: 86_400_000, w: 604_800_000 };

/** A time as in `2026-01-31` or `2026-01-31T12:00:00Z`, or how long ago: `30m`, `12h`, `7d`, `2w`. Epoch milliseconds. */
export function expectTime(name: string, text: string, now: number): number {
  const [, count, unit = ''] = /^(\d{1,6})([mhdw])$/.exec(text) ?? [];
  if (count !== undefined) return now - Number(count) * (unitMs[unit] ?? 0);
  const isTime = /^\d{4}-\d\d-\d\d(T\d\d:\d\d(:\d\d(\.\d{1,9})?)?(Z|[+-]\d\d:\d\d))?$/.test(text);
  const at = isTime ? Date.parse(text) : Number.NaN;
  if (!Number.isNaN(at)) return at;
  throw new HoldfastError(
    'bad_message',
    `--${name} must be a time as in 2026-01-31 or 2026-01-31T12:00:00Z, or how long ago as in 12h or 7d, and is "${text}".`,
  );
}
