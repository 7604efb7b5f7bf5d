import { availableParallelism } from 'node:os'
import { prepareCases } from './cases.ts'
import { measureEnds } from './ends.ts'
import type { Figures } from './figures.ts'
import { medianRatio } from './load.ts'
import { signInAtPingOne, signInEverywhere } from './logins.ts'
import { measureManyUsers } from './many-users.ts'
import { type Effort, measureLatency, measureThroughput } from './measure.ts'
import { measureOneUser } from './one-user.ts'
import { countCalls, countLogins } from './pingone-requests.ts'
import type { Servers } from './servers.ts'

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
