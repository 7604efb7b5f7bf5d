import type { Bundle } from './bundle.ts'
import { type CaseName, type PerCase, prepareCases } from './cases.ts'
import { type Ends, measureEnds } from './ends.ts'
import { type ManyUsers, type OneUser, measureManyUsers, measureOneUser } from './users.ts'
import { type Latency, type Effort, measureLatency, measureThroughput } from './measure.ts'
import { type PingOneRequests, signInAtPingOne, signInEverywhere, countCalls, countLogins } from './logins.ts'
import { availableParallelism } from 'node:os'
import { medianRatio } from './statistics.ts'
import type { Servers } from './servers.ts'

/** The results of one run. Times are those of a local workerd; only their ratios are comparable across machines. */
export interface Figures {
  readonly where: 'local workerd'
  /** The storage folder of the Workers. */
  readonly state: 'memory' | 'disk'
  readonly cores: number
  readonly latency: PerCase<Latency>
  /** Ratio of the case to the bare Worker: the median over the rounds. */
  readonly ratios: Readonly<Record<RatioName, number>>
  readonly throughput: Readonly<Record<string, number>>
  readonly manyUsers: ManyUsers
  readonly oneUser: OneUser
  readonly ends: Ends
  readonly pingone: {
    readonly firstLogin: PingOneRequests
    readonly nextLogin: PingOneRequests
    readonly calls: PingOneRequests
    readonly callsMade: number
  }
  readonly bundle: Readonly<Record<'mcp' | 'bare', Pick<Bundle, 'bytes' | 'gzipBytes'>>>
  readonly startupMs: number
}

type RatioName = Exclude<CaseName, 'api' | 'bareCall' | 'bareList'>

const CALLS_COUNTED = 20

/** Everything that needs running servers. The servers must be fresh, because the first login of an isolate is measured. */
export async function runBench(
  servers: Servers,
  effort: Effort,
  signal: AbortSignal,
): Promise<Omit<Figures, 'state' | 'startupMs'>> {
  const logins = await countLogins(servers)
  const cases = await prepareCases(servers, await signInEverywhere(servers))
  const latency = await measureLatency(cases, effort, signal)
  const calls = await countCalls(servers, cases, CALLS_COUNTED)
  const busy = ['api', 'bareCall', 'statelessCall', 'sessionCall'] as const
  const throughput = await measureThroughput(cases, busy, effort, signal)
  const downstream = await signInAtPingOne(servers)
  const manyUsers = await measureManyUsers(servers, downstream, effort, signal)
  const oneUser = await measureOneUser(servers, downstream, cases.bareCall, effort, signal)
  const ends = await measureEnds(servers, downstream, effort, signal)
  const against = (name: keyof typeof latency, base: keyof typeof latency) =>
    medianRatio(latency[name].rounds, latency[base].rounds)
  const { mcp, bare } = servers.bundles
  return {
    where: 'local workerd',
    cores: availableParallelism(),
    latency,
    ratios: {
      statelessCall: against('statelessCall', 'bareCall'),
      sessionCall: against('sessionCall', 'bareCall'),
      statelessList: against('statelessList', 'bareList'),
      sessionList: against('sessionList', 'bareList'),
    },
    throughput: Object.fromEntries(throughput),
    manyUsers,
    oneUser,
    ends,
    pingone: { ...logins, calls, callsMade: 2 * CALLS_COUNTED },
    bundle: {
      mcp: { bytes: mcp.bytes, gzipBytes: mcp.gzipBytes },
      bare: { bytes: bare.bytes, gzipBytes: bare.gzipBytes },
    },
  }
}
