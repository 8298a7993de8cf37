import type { Usage } from '@holdfast/protocol';
import type { ClaudeResult, ClaudeUsage } from './message.ts';

/** What each message of a turn used. A message's usage is repeated with every block of it, so it is kept by the message's id. */
export type MessageCounts = ReadonlyMap<string, { readonly usage: ClaudeUsage; readonly isComplete: boolean }>;

/** Puts what was said about a message in the place of what was said before; a later report never says less. */
export function countMessage(
  counts: MessageCounts,
  messageId: string,
  usage: ClaudeUsage,
  isComplete: boolean,
): MessageCounts {
  const known = counts.get(messageId);
  return new Map(counts).set(messageId, {
    usage: known === undefined ? usage : larger(known.usage, usage),
    isComplete: isComplete || known?.isComplete === true,
  });
}

/**
 * The usage of a turn. Tokens come from the messages: the result of an interrupted turn says 0. Where a message never got to
 * its end its last count is too small, and the vendor's own estimate counts where that is larger. The cost is what the session
 * has cost more than before the turn (`costBeforeMicros`).
 */
export function usageOfTurn(
  counts: MessageCounts,
  result: ClaudeResult | undefined,
  costBeforeMicros: number,
): { readonly usage: Usage; readonly costAfterMicros: number } {
  let sum = [...counts.values()].reduce((total, { usage }) => add(total, usage), none);
  const isWhole = [...counts.values()].every((message) => message.isComplete);
  if (!isWhole && result !== undefined) sum = larger(sum, result.usageSinceLast);
  const { costMicros, costAfterMicros } = costOf(result, costBeforeMicros);
  const usage: Usage = { ...sum, cost: costMicros === null ? null : costMicros / 1_000_000 };
  return { usage, costAfterMicros };
}

function costOf(
  result: ClaudeResult | undefined,
  beforeMicros: number,
): { readonly costMicros: number | null; readonly costAfterMicros: number } {
  if (result?.totalCost === undefined) return { costMicros: null, costAfterMicros: beforeMicros };
  const afterMicros = Math.round(result.totalCost * 1_000_000);
  // Less than before: the vendor has begun to count anew.
  const costMicros = afterMicros < beforeMicros ? afterMicros : afterMicros - beforeMicros;
  return { costMicros, costAfterMicros: afterMicros };
}

const none: ClaudeUsage = { inputTokens: 0, outputTokens: 0, cacheReadTokens: 0, cacheWriteTokens: 0 };

function add(first: ClaudeUsage, second: ClaudeUsage): ClaudeUsage {
  return combine(first, second, (one, other) => one + other);
}

function larger(first: ClaudeUsage, second: ClaudeUsage): ClaudeUsage {
  return combine(first, second, Math.max);
}

function combine(first: ClaudeUsage, second: ClaudeUsage, by: (one: number, other: number) => number): ClaudeUsage {
  return {
    inputTokens: by(first.inputTokens, second.inputTokens),
    outputTokens: by(first.outputTokens, second.outputTokens),
    cacheReadTokens: by(first.cacheReadTokens, second.cacheReadTokens),
    cacheWriteTokens: by(first.cacheWriteTokens, second.cacheWriteTokens),
  };
}
