import type { DoneReason, Usage } from '@holdfast/protocol';

const words: Readonly<Record<DoneReason, string>> = {
  completed: 'done',
  aborted: 'aborted',
  error: 'ended with an error',
  timeout: 'timed out',
  budget: 'ended: the budget is used up',
  interrupted: 'interrupted',
};

const whole = new Intl.NumberFormat('en-US');

/** The line at the end of a turn: how it ended, tokens, and what it cost. */
export function describeEnd(reason: DoneReason, usage: Usage | undefined): string {
  const parts = [words[reason] ?? reason];
  if (usage !== undefined) {
    const cached = usage.cacheReadTokens ?? 0;
    parts.push(`${whole.format(usage.inputTokens)} in${cached > 0 ? ` (${whole.format(cached)} cached)` : ''}`);
    parts.push(`${whole.format(usage.outputTokens)} out`, describeCost(usage.cost));
  }
  return parts.join(' · ');
}

/** Dollars with as many digits as say something; costs of single turns are small. */
function describeCost(cost: number | null): string {
  if (cost === null) return 'cost unknown';
  if (cost === 0) return '$0';
  return cost < 0.01 ? `$${cost.toFixed(6).replace(/0+$/, '')}` : `$${cost.toFixed(2)}`;
}
