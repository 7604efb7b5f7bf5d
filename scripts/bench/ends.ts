import {
  type DownstreamTokens,
  makeSeeder,
  type Pair,
  revokeAtPingOne,
  seedGrants,
  type Seeder,
  signInAtPingOne,
  subjectsNamed,
} from './logins.ts'
import type { Effort } from './measure.ts'
import { listTodos, openSession, sessionMessage, statelessMessage } from './messages.ts'
import { exchange, type PreparedRequest } from './requests.ts'
import type { Servers } from './servers.ts'
import { median } from './statistics.ts'

/** How soon one transport refuses an ended grant, and the latency of a call just before. */
interface TransportEnd {
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

type Transport = 'stateless' | 'session'
type Calls = Readonly<Record<Transport, PreparedRequest>>

const CALLS_AFTER = 3

/** One grant and its end; all times in milliseconds. */
interface Round {
  answerMs: number
  transports: Record<Transport, { refusedMs: number[]; callMs: number[]; later: number[] }>
}

async function callsOf({ origin }: Seeder, { access_token: bearer }: Pair): Promise<Calls> {
  const session = await openSession(origin, bearer)
  return {
    stateless: statelessMessage(origin, bearer, listTodos),
    session: sessionMessage(origin, bearer, session, listTodos),
  }
}

/** Both transports call continuously while the client revokes, until each gets 401 after the revocation was answered. */
async function revokeUnderCalls(seeder: Seeder, pair: Pair, signal: AbortSignal): Promise<Round> {
  const calls = await callsOf(seeder, pair)
  let answeredMs = Number.POSITIVE_INFINITY
  const isOver = (taken: readonly CallTiming[]) =>
    taken.filter(({ startMs }) => startMs > answeredMs).length >= CALLS_AFTER
  const polls = {
    stateless: poll(calls.stateless, isOver, signal),
    session: poll(calls.session, isOver, signal),
  }
  await Promise.all([polls.stateless.isWarm, polls.session.isWarm])
  const revokedMs = performance.now()
  const body = new URLSearchParams({
    client_id: seeder.client.clientId,
    token: pair.refresh_token,
  }).toString()
  const headers = { 'content-type': 'application/x-www-form-urlencoded' }
  const { status } = await exchange({ origin: seeder.origin, path: '/token', method: 'POST', headers, body })
  if (status !== 200) throw new Error(`revocation: ${status}`)
  answeredMs = performance.now()
  const [stateless, stateful] = await Promise.all([polls.stateless.taken, polls.session.taken])
  const seen = (taken: readonly CallTiming[]) => ({
    refusedMs: taken
      .filter(({ status }) => status === 401)
      .map(({ endMs }) => endMs - revokedMs)
      .slice(0, 1),
    callMs: taken.filter(({ endMs }) => endMs < revokedMs).map(({ startMs, endMs }) => endMs - startMs),
    later: taken.filter(({ startMs }) => startMs > answeredMs).map(({ status }) => status),
  })
  return {
    answerMs: answeredMs - revokedMs,
    transports: { stateless: seen(stateless), session: seen(stateful) },
  }
}

/** The downstream token has 30 s left, so the next call refreshes it, and PingOne refuses. */
async function callWhenDead(
  servers: Servers,
  seeder: Seeder,
  subject: string,
  isStatelessFirst: boolean,
): Promise<Round> {
  const downstream = await signInAtPingOne(servers)
  const [alive] = await seedGrants(seeder, [`${subject} alive`], downstream)
  const [pair] = await seedGrants(seeder, [subject], downstream, 30)
  if (pair === undefined || alive === undefined) throw new Error('no grant was seeded')
  const calls = await callsOf(seeder, pair)
  const plain = await callsOf(seeder, alive)
  await revokeAtPingOne(servers, downstream.refresh_token ?? '')
  const transports: Round['transports'] = {
    stateless: { refusedMs: [], callMs: [], later: [] },
    session: { refusedMs: [], callMs: [], later: [] },
  }
  for (const transport of ['stateless', 'session'] as const) {
    for (let call = 0; call < 5; call += 1) {
      const { startMs, endMs } = await timed(plain[transport])
      transports[transport].callMs.push(endMs - startMs)
    }
  }
  const [first, second] = isStatelessFirst
    ? (['stateless', 'session'] as const)
    : (['session', 'stateless'] as const)
  const { status, startMs, endMs } = await timed(calls[first])
  if (status !== 401) throw new Error(`PingOne ended the grant and a call was answered ${status}`)
  transports[first].refusedMs.push(endMs - startMs)
  for (const transport of [second, first])
    transports[transport].later.push((await timed(calls[transport])).status)
  return { answerMs: endMs - startMs, transports }
}

async function timed(prepared: PreparedRequest): Promise<CallTiming> {
  const startMs = performance.now()
  const { status } = await exchange(prepared)
  return { startMs, endMs: performance.now(), status }
}

/** One call, whatever its answer. */
interface CallTiming {
  readonly startMs: number
  readonly endMs: number
  readonly status: number
}

const WARM_CALLS = 8
const MOST_CALLS = 2000

/** Repeats a call without pause until stopped. `isWarm` resolves when enough calls were made for a comparison. */
function poll(
  prepared: PreparedRequest,
  isOver: (taken: readonly CallTiming[]) => boolean,
  signal: AbortSignal,
): { readonly isWarm: Promise<void>; readonly taken: Promise<readonly CallTiming[]> } {
  const warm = Promise.withResolvers<void>()
  const run = async () => {
    const taken: CallTiming[] = []
    while (!isOver(taken)) {
      signal.throwIfAborted()
      if (taken.length === MOST_CALLS) throw new Error('a grant did not end')
      const startMs = performance.now()
      const { status } = await exchange(prepared)
      taken.push({ startMs, endMs: performance.now(), status })
      if (taken.length === WARM_CALLS) warm.resolve()
    }
    return taken
  }
  const taken = run()
  taken.catch(warm.reject)
  return { isWarm: warm.promise, taken }
}
