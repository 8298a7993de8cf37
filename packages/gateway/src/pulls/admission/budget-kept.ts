import { minute, writePoints, type BudgetLimits } from './budget-limits.ts';

/**
 * The REST points that reads and plain writes leave to content-creating writes that wait: only one of those may start in a second, and reads would
 * have taken all points of the minute before the second one's turn. Never more than can start within a minute; `inMinute` and `inHour`: how many
 * of them count already, those that fly included. As one of these is forgotten its points are free for the next one, so what counts in the
 * minute is not kept a second time.
 */
export function keptForContent(
  waiting: number,
  { inMinute, inHour }: { readonly inMinute: number; readonly inHour: number },
  limits: BudgetLimits,
): number {
  const perMinute = Math.min(limits.contentPerMinute, Math.floor(minute.lengthMs / limits.contentApartMs));
  const mayStart = Math.min(waiting, perMinute - inMinute, limits.contentPerHour - inHour);
  return writePoints * Math.max(0, mayStart);
}
