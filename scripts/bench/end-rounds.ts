import { exchange, type PreparedRequest } from './exchange.ts'
import { revokeAtPingOne, signInAtPingOne } from './logins.ts'
import { listTodos, openSession, sessionMessage, statelessMessage } from './messages.ts'
import { type CallTiming, poll } from './poll.ts'
import { type Pair, seedGrants, type Seeder } from './seed.ts'
import type { Servers } from './servers.ts'

export type Transport = 'stateless' | 'session'
type Calls = Readonly<Record<Transport, PreparedRequest>>

const CALLS_AFTER = 3

/** One grant and its end; all times in milliseconds. */
export interface Round {
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
export async function revokeUnderCalls(seeder: Seeder, pair: Pair, signal: AbortSignal): Promise<Round> {
  const calls = await callsOf(seeder, pair)
  let toldMs = Number.POSITIVE_INFINITY
  const isOver = (taken: readonly CallTiming[]) =>
    taken.filter(({ startMs }) => startMs > toldMs).length >= CALLS_AFTER
  const polls = {
    stateless: poll(calls.stateless, isOver, signal),
    session: poll(calls.session, isOver, signal),
  }
  await Promise.all([polls.stateless.isWarm, polls.session.isWarm])
  const askedMs = performance.now()
  const body = new URLSearchParams({
    client_id: seeder.client.clientId,
    token: pair.refresh_token,
  }).toString()
  const headers = { 'content-type': 'application/x-www-form-urlencoded' }
  const { status } = await exchange({ origin: seeder.origin, path: '/token', method: 'POST', headers, body })
  if (status !== 200) throw new Error(`revocation: ${status}`)
  toldMs = performance.now()
  const [stateless, stateful] = await Promise.all([polls.stateless.taken, polls.session.taken])
  const seen = (taken: readonly CallTiming[]) => ({
    refusedMs: taken
      .filter(({ status }) => status === 401)
      .map(({ endMs }) => endMs - askedMs)
      .slice(0, 1),
    callMs: taken.filter(({ endMs }) => endMs < askedMs).map(({ startMs, endMs }) => endMs - startMs),
    later: taken.filter(({ startMs }) => startMs > toldMs).map(({ status }) => status),
  })
  return { answerMs: toldMs - askedMs, transports: { stateless: seen(stateless), session: seen(stateful) } }
}

/** The downstream token has 30 s left, so the next call refreshes it, and PingOne refuses. */
export async function callWhenDead(
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

async function timed(sending: PreparedRequest): Promise<CallTiming> {
  const startMs = performance.now()
  const { status } = await exchange(sending)
  return { startMs, endMs: performance.now(), status }
}
