const sorted = (values: readonly number[]) => values.toSorted((a, b) => a - b)

/** The quantile: the value below which `share` of all values lie. */
export function quantile(values: readonly number[], share: number): number {
  const value = sorted(values)[Math.min(values.length - 1, Math.floor(values.length * share))]
  if (value === undefined) throw new Error('there is nothing to measure in no values')
  return value
}

export const median = (values: readonly number[]): number => quantile(values, 0.5)

/** The spread of the rounds: 0.2 means that the slowest took 20 % longer than the fastest. */
export const spread = (values: readonly number[]): number => Math.max(...values) / Math.min(...values) - 1

/** The ratio for each round, then the median, so that machine load affects both sides equally. */
export const medianRatio = (values: readonly number[], bases: readonly number[]): number =>
  median(values.map((value, round) => value / (bases[round] ?? Number.NaN)))
