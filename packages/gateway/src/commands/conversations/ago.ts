const units: readonly (readonly [ms: number, name: string])[] = [
  [86_400_000, 'd'],
  [3_600_000, 'h'],
  [60_000, 'min'],
];

/** How long ago, for people: `just now`, `5 min ago`, `3 h ago`, `12 d ago`, and a date from 30 days on. */
export function ago(at: number, now: number): string {
  const passed = now - at;
  if (passed >= 30 * 86_400_000) return new Date(at).toISOString().slice(0, 10);
  for (const [ms, name] of units) if (passed >= ms) return `${Math.floor(passed / ms)} ${name} ago`;
  return 'just now';
}
