import { availableParallelism } from 'node:os'
import type { Bundle } from '#harness/deployed-worker.ts'
import { type PerCase, prepareCases } from './cases.ts'
import { type Ends, measureEnds } from './ends.ts'
import { countCalls, countLogins, type PingOneRequests, signInAtPingOne, signInEverywhere } from './logins.ts'
import { type Effort, type Latency, measureLatency, measureThroughput, type Throughput } from './measure.ts'
import { type Peer, startPeer } from './peer.ts'
import type { Servers } from './servers.ts'
import { type ManyUsers, measureManyUsers, measureOneUser, type OneUser } from './users.ts'

type Bundles = Readonly<Record<'mcp' | 'bare' | 'floor', Pick<Bundle, 'bytes' | 'gzipBytes'>>>

/**
 * The results so far; a run that was cut lacks the rest. Times are those of a local workerd: only their ratios are
 * comparable across machines.
 */
export interface Figures {
  readonly where: 'local workerd'
  /** The storage folder of the Workers. */
  readonly state: 'memory' | 'disk'
  readonly cores: number
  peer?: string
  latency: PerCase<Latency>
  throughput: PerCase<Throughput>
  startupMs?: number
  bundles?: Bundles
  logins?: { readonly first: PingOneRequests; readonly next: PingOneRequests }
  calls?: { readonly pingone: PingOneRequests; readonly made: number }
  manyUsers?: ManyUsers
  oneUser?: OneUser
  ends?: Ends
}

export const noFigures = (state: Figures['state']): Figures => ({
  where: 'local workerd',
  state,
  cores: availableParallelism(),
  latency: {},
  throughput: {},
})

const CALLS_COUNTED = 20

/**
 * Everything that needs running servers. The servers must be fresh: the first login of an isolate is measured.
 * Each result goes into `figures` at once, and the headline figures come first.
 */
export async function runBench(
  servers: Servers,
  effort: Effort,
  signal: AbortSignal,
  figures: Figures,
  peer?: Peer,
): Promise<void> {
  const { mcp, bare, floor } = servers.bundles
  figures.bundles = { mcp: sizes(mcp), bare: sizes(bare), floor: sizes(floor) }
  figures.logins = await countLogins(servers)
  const bearers = await signInEverywhere(servers)
  const prepared = await prepareCases(servers, bearers)
  await using started = peer === undefined ? undefined : await startPeer(peer, servers, bearers, signal)
  if (peer !== undefined) figures.peer = peer.name
  const cases = started === undefined ? prepared : { ...prepared, peer: started.request }
  await measureLatency(cases, effort, signal, (latency) => {
    figures.latency = latency
  })
  await measureThroughput(cases, effort, signal, (throughput) => {
    figures.throughput = throughput
  })
  figures.calls = { pingone: await countCalls(servers, cases, CALLS_COUNTED), made: 2 * CALLS_COUNTED }
  const downstream = await signInAtPingOne(servers)
  figures.ends = await measureEnds(servers, downstream, effort, signal)
  figures.manyUsers = await measureManyUsers(servers, downstream, effort, signal)
  figures.oneUser = await measureOneUser(servers, downstream, cases.bareCall, effort, signal)
}

const sizes = ({ bytes, gzipBytes }: Bundle) => ({ bytes, gzipBytes })
