import { CASE_NAMES, type CaseName, type Cases, type PerCase, perCase } from './cases.ts'
import { CONNECTIONS, type PreparedRequest } from './requests.ts'
import { rateOf, sendEach } from './requests.ts'
import { median, quantile } from './statistics.ts'

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

const BLOCK = 15
const callers = (sending: PreparedRequest) => Array.from({ length: CONNECTIONS }, () => sending)

/**
 * Sends requests sequentially; the cases alternate in short blocks, so that other load on the machine affects all of them.
 * Blocks instead of single requests, because a call has work after its answer.
 */
export async function measureLatency(
  cases: Cases,
  { warmUp, rounds, perRound }: Effort,
  signal: AbortSignal,
): Promise<PerCase<Latency>> {
  for (let sent = 0; sent < warmUp; sent += BLOCK) {
    await eachCase((name) => sendMany(cases[name], BLOCK, signal))
  }
  const taken: PerCase<number[]>[] = []
  for (let round = 0; round < rounds; round += 1) {
    const samples = perCase((): number[] => [])
    for (let sent = 0; sent < perRound; sent += BLOCK) {
      await eachCase(async (name) => {
        samples[name].push(...(await sendMany(cases[name], Math.min(BLOCK, perRound - sent), signal)))
      })
    }
    taken.push(samples)
  }
  return perCase((name) => {
    const medians = taken.map((samples) => median(samples[name]))
    const all = taken.flatMap((samples) => samples[name])
    return { p50: median(medians), p99: quantile(all, 0.99), rounds: medians, samples: all.length }
  })
}

/** Requests per second at a concurrency of 16, cases alternating; median of the rounds. */
export async function measureThroughput<Name extends CaseName>(
  cases: Cases,
  names: readonly Name[],
  { throughputRounds, throughputMs }: Effort,
  signal: AbortSignal,
): Promise<ReadonlyMap<Name, number>> {
  const taken = new Map(names.map((name): [Name, number[]] => [name, []]))
  for (let round = 0; round < throughputRounds; round += 1) {
    for (const [name, rates] of taken) rates.push(await rateOf(callers(cases[name]), throughputMs, signal))
  }
  return new Map([...taken].map(([name, rates]) => [name, median(rates)]))
}

const sendMany = (sending: PreparedRequest, times: number, signal: AbortSignal) =>
  sendEach(
    Array.from({ length: times }, () => sending),
    signal,
  )

async function eachCase(act: (name: CaseName) => Promise<unknown>): Promise<void> {
  for (const name of CASE_NAMES) await act(name)
}
