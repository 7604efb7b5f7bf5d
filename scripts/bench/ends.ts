import { callWhenDead, type Transport, revokeUnderCalls, type Round } from './end-rounds.ts'
import type { DownstreamTokens } from './logins.ts'
import type { Effort } from './measure.ts'
import { makeSeeder, seedGrants, subjectsNamed } from './seed.ts'
import type { Servers } from './servers.ts'
import { median } from './statistics.ts'

/** How soon one transport refuses an ended grant, and the latency of a call just before. */
export interface TransportEnd {
  /** From the request to end the grant to the answer 401; median and maximum in milliseconds. */
  readonly firstDenialMs: number
  readonly worstMs: number
  /** p50 of the calls just before, under the same load. */
  readonly callMs: number
  readonly ratio: number
}

export interface GrantEnds {
  readonly grants: number
  readonly stateless: TransportEnd
  readonly session: TransportEnd
  /** Calls that began after the end was confirmed, and how many of them still succeeded. */
  readonly callsAfter: number
  readonly succeededAfter: number
}

export interface Ends {
  /** The client revokes (RFC 7009) while both transports are called. */
  readonly revoked: GrantEnds & { readonly answerMs: number }
  /** PingOne ended the grant. The next call that needs a new downstream token detects this and is refused. */
  readonly pingone: GrantEnds
}

export async function measureEnds(
  servers: Servers,
  downstream: DownstreamTokens,
  { ends }: Effort,
  signal: AbortSignal,
): Promise<Ends> {
  const seeder = await makeSeeder(servers.seeded.few)
  const revoked: Round[] = []
  for (const pair of await seedGrants(seeder, subjectsNamed('ends', ends), downstream)) {
    revoked.push(await revokeUnderCalls(seeder, pair, signal))
  }
  const dead: Round[] = []
  for (const subject of subjectsNamed('dead', Math.max(2, Math.ceil(ends / 4)))) {
    dead.push(await callWhenDead(servers, seeder, subject, dead.length % 2 === 0))
  }
  const answerMs = median(revoked.map((round) => round.answerMs))
  return { revoked: { ...summed(revoked), answerMs }, pingone: summed(dead) }
}

function summed(rounds: readonly Round[]): GrantEnds {
  const transportEnd = (transport: Transport): TransportEnd => {
    const refused = rounds.flatMap((round) => round.transports[transport].refusedMs)
    const callMs = median(rounds.flatMap((round) => round.transports[transport].callMs))
    // If no call was refused, there is no such moment; the aims explain it.
    const firstDenialMs = refused.length === 0 ? Number.POSITIVE_INFINITY : median(refused)
    return { firstDenialMs, worstMs: Math.max(...refused), callMs, ratio: firstDenialMs / callMs }
  }
  const later = rounds.flatMap(({ transports }) => [
    ...transports.stateless.later,
    ...transports.session.later,
  ])
  return {
    grants: rounds.length,
    stateless: transportEnd('stateless'),
    session: transportEnd('session'),
    callsAfter: later.length,
    succeededAfter: later.filter((status) => status !== 401).length,
  }
}
