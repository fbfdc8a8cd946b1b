/** The value below which `share` of the sorted values lie. */
export function percentile(sorted: ArrayLike<number>, share: number): number {
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN;
}

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((left, right) => left - right);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
}

/** Medians field by field over repeats of the same measurement. */
export function medians<Measured extends { [field: string]: number }>(
  repeats: readonly Measured[],
): Measured {
  const fields = Object.keys(repeats[0]!);
  return Object.fromEntries(
    fields.map((field) => [field, median(repeats.map((one) => one[field]!))]),
  ) as Measured;
}
