// Quantiles of what a bench measured. Nearest rank: a quantile is always a value that was really seen.

/** `share` in [0, 1]; NaN where nothing was measured. */
export function quantile(values: ArrayLike<number>, share: number): number {
  const sorted = Float64Array.from(values).toSorted()
  return sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)] ?? NaN
}

export const median = (values: ArrayLike<number>): number => quantile(values, 0.5)
