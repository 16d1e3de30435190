/** The value below which `share` (0 to 1) of the values lie, by the nearest rank. */
export function quantile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b)
  return sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)] ?? Number.NaN
}

/** The middle value, or the mean of the two in the middle. */
export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b)
  const middle = sorted.length >> 1
  const upper = sorted[middle] ?? Number.NaN
  return sorted.length % 2 === 1 ? upper : ((sorted[middle - 1] ?? Number.NaN) + upper) / 2
}

/** The median of the ratios of two subjects, each taken within one round, so that what disturbs a round disturbs both sides. */
export function medianRatio(rounds: readonly number[], reference: readonly number[]): number {
  return median(rounds.map((value, round) => value / (reference[round] ?? Number.NaN)))
}

/** The median of the differences of two subjects, each taken within one round for the same reason. */
export function medianDifference(rounds: readonly number[], reference: readonly number[]): number {
  return median(rounds.map((value, round) => value - (reference[round] ?? Number.NaN)))
}
