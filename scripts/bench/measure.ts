import { type CaseName, CASES, type PerCase, RATIOS } from './cases.ts'
import { CONNECTIONS, type PreparedRequest, rateOf, sendEach } from './requests.ts'
import { median, medianRatio, quantile } from './statistics.ts'

/** Amount of work; every number is per case. */
export interface Effort {
  /** Uncounted warm-up requests. */
  readonly warmUp: number
  readonly rounds: number
  readonly perRound: number
  readonly throughputRounds: number
  readonly throughputMs: number
  /** Users with a grant, in the measurement of many users. */
  readonly users: number
  readonly usersRounds: number
  /** Longer than an idle object stays in memory. */
  readonly idleMs: number
  readonly stormRounds: number
  readonly stormMs: number
  /** Grants that end while in use. */
  readonly ends: number
}

export interface Latency {
  /** Median of the round medians, milliseconds. */
  readonly p50: number
  readonly p99: number
  /** Median of each round. */
  readonly rounds: readonly number[]
  readonly samples: number
}

export interface Throughput {
  /** Requests per second: median of the rounds. */
  readonly rate: number
  readonly rounds: readonly number[]
}

const BLOCK = 15
/** On a loaded machine the warm-up ends after this time, and so do the rounds when there are enough for a median. */
const WARM_UP_MS = 20_000
const ROUNDS_MS = 60_000
const LEAST_ROUNDS = 6

/**
 * Sends requests sequentially; the cases alternate in short blocks, so that other load on the machine affects all of them.
 * Blocks instead of single requests, because a call has work after its answer. `keep` gets the results after each round.
 */
export async function measureLatency(
  cases: PerCase<PreparedRequest>,
  { warmUp, rounds, perRound }: Effort,
  signal: AbortSignal,
  keep: (latency: PerCase<Latency>) => void,
): Promise<void> {
  const all = named(cases).map((one) => ({ ...one, rounds: [] as (readonly number[])[] }))
  const isOver = clock()
  for (let sent = 0; sent < warmUp && !isOver(WARM_UP_MS); sent += BLOCK) {
    for (const { request } of all) await sendMany(request, BLOCK, signal)
  }
  for (let round = 0; round < rounds && !(round >= LEAST_ROUNDS && isOver(ROUNDS_MS)); round += 1) {
    const samples = all.map((): number[] => [])
    for (let sent = 0; sent < perRound; sent += BLOCK) {
      for (const [index, { request }] of all.entries()) {
        samples[index]?.push(...(await sendMany(request, Math.min(BLOCK, perRound - sent), signal)))
      }
    }
    for (const [index, one] of all.entries()) one.rounds.push(samples[index] ?? [])
    keep(Object.fromEntries(all.map((one) => [one.name, summary(one.rounds)])))
  }
}

function clock(): (limitMs: number) => boolean {
  const startMs = performance.now()
  return (limitMs) => performance.now() - startMs > limitMs
}

function summary(taken: readonly (readonly number[])[]): Latency {
  const rounds = taken.map(median)
  const samples = taken.flat()
  return { p50: median(rounds), p99: quantile(samples, 0.99), rounds, samples: samples.length }
}

/** Sixteen requests at once, cases alternating. `keep` gets the results after each round. */
export async function measureThroughput(
  cases: PerCase<PreparedRequest>,
  { throughputRounds, throughputMs }: Effort,
  signal: AbortSignal,
  keep: (throughput: PerCase<Throughput>) => void,
): Promise<void> {
  const all = named(cases)
    .filter(({ isLoadCase }) => isLoadCase)
    .map((one) => ({ ...one, rounds: [] as number[] }))
  for (let round = 0; round < throughputRounds; round += 1) {
    for (const { request, rounds } of all) {
      const callers = Array.from({ length: CONNECTIONS }, () => request)
      rounds.push(await rateOf(callers, throughputMs, signal))
    }
    keep(Object.fromEntries(all.map(({ name, rounds }) => [name, { rate: median(rounds), rounds }])))
  }
}

export interface Ratio {
  readonly name: CaseName
  readonly base: CaseName
  readonly p50: number
  /** Of the requests per second; undefined if these were not measured. */
  readonly rate: number | undefined
}

/** The ratio of each pair of cases that were measured: the median of the ratios of the rounds. */
export const ratiosOf = (latency: PerCase<Latency>, throughput: PerCase<Throughput>): readonly Ratio[] =>
  RATIOS.flatMap(([name, base]) => {
    const p50 = ratioOf(latency[name], latency[base])
    return p50 === undefined ? [] : [{ name, base, p50, rate: ratioOf(throughput[name], throughput[base]) }]
  })

type Rounds = Pick<Latency, 'rounds'> | undefined

const ratioOf = (value: Rounds, base: Rounds): number | undefined =>
  value === undefined || base === undefined ? undefined : medianRatio(value.rounds, base.rounds)

/** Milliseconds of one read of the local KV simulator. */
export const kvReadMs = ({ kv, idle }: PerCase<Latency>): number | undefined =>
  kv === undefined || idle === undefined
    ? undefined
    : median(kv.rounds.map((ms, round) => ms - (idle.rounds[round] ?? Number.NaN)))

const named = (cases: PerCase<PreparedRequest>) =>
  CASES.flatMap((one) => {
    const request = cases[one.name]
    return request === undefined ? [] : [{ ...one, request }]
  })

const sendMany = (request: PreparedRequest, times: number, signal: AbortSignal) =>
  sendEach(
    Array.from({ length: times }, () => request),
    signal,
  )
