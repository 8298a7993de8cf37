/** A figure of several rounds. */
export type Spread = { readonly median: number; readonly min: number; readonly max: number };

/** The value below which a share of the sorted values lies; NaN of none. */
export function quantile(sorted: ArrayLike<number>, share: number): number {
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN;
}

export function spread(values: readonly number[]): Spread {
  const sorted = values.toSorted((a, b) => a - b);
  return { median: quantile(sorted, 0.5), min: quantile(sorted, 0), max: quantile(sorted, 1) };
}

/** The ratios of two contenders' figures of the same rounds: noise that both had falls out. */
export function pairRatios(values: readonly number[], base: readonly number[]): readonly number[] {
  return values.map((value, round) => value / (base[round] ?? Number.NaN));
}
