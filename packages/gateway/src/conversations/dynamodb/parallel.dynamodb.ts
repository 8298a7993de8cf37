/** Runs `visit` for each item, `atOnce` of them at a time; the results are in the order of the items. The first fault ends it. */
export async function inParallel<Of, Result>(
  atOnce: number,
  items: readonly Of[],
  visit: (item: Of) => Promise<Result>,
): Promise<readonly Result[]> {
  const results: Result[] = [];
  let next = 0;
  const lane = async (): Promise<void> => {
    while (next < items.length) {
      const index = next++;
      results[index] = await visit(items[index] as Of);
    }
  };
  await Promise.all(Array.from({ length: Math.min(atOnce, items.length) }, lane));
  return results;
}
