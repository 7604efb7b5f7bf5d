import { setTimeout as wait } from 'node:timers/promises'
import { type DownstreamTokens, makeSeeder, type Pair, seedGrants, subjectsNamed } from './logins.ts'
import type { Effort } from './measure.ts'
import { listTodos, openSession, sessionMessage, statelessMessage } from './messages.ts'
import { CONNECTIONS, type PreparedRequest, rateOf, sendEach, sendFor } from './requests.ts'
import type { SeededName, Servers } from './servers.ts'
import { median, medianRatio } from './statistics.ts'

export interface ManyUsers {
  readonly users: number
  readonly few: number
  /** p50 of stateless `listTodos` for each round, milliseconds. */
  readonly fewRounds: readonly number[]
  readonly manyRounds: readonly number[]
  readonly ratio: number
  /** p50 of a call whose user object is not in memory, and its ratio to one whose object is. */
  readonly wokenMs: number
  readonly wokenRatio: number
}

const FEW = 10
/** Short blocks of few users between those of many, so that all the many are called again before eviction (10 s). */
const FEW_BLOCK = 15
const MANY_BLOCK = 75
const MOST_WOKEN = 300

/**
 * Runs two Workers with the same code: one with ten users, one with many, each user with a grant. Calls rotate over users.
 * PingOne and the API see one user only, so the difference comes from our objects alone.
 */
export async function measureManyUsers(
  servers: Servers,
  downstream: DownstreamTokens,
  { users, usersRounds, idleMs }: Effort,
  signal: AbortSignal,
): Promise<ManyUsers> {
  const few = await callsOf(servers, 'few', FEW, downstream)
  const many = await callsOf(servers, 'many', users, downstream)
  const fewBlock = Array.from({ length: FEW_BLOCK }, (_, index) => few[index % FEW]).filter(isThere)
  const round = async () => {
    const taken = { few: [] as number[], many: [] as number[] }
    for (let first = 0; first < many.length; first += MANY_BLOCK) {
      taken.few.push(...(await sendEach(fewBlock, signal)))
      taken.many.push(...(await sendEach(many.slice(first, first + MANY_BLOCK), signal)))
    }
    return { few: median(taken.few), many: median(taken.many) }
  }
  // Not counted: this loads all objects into memory.
  await round()
  const rounds: Awaited<ReturnType<typeof round>>[] = []
  for (let count = 0; count < usersRounds; count += 1) rounds.push(await round())
  const fewRounds = rounds.map((one) => one.few)
  const manyRounds = rounds.map((one) => one.many)
  await wait(idleMs, undefined, { signal })
  const wokenMs = median(await sendEach(many.slice(0, MOST_WOKEN), signal))
  return {
    users,
    few: FEW,
    fewRounds,
    manyRounds,
    ratio: medianRatio(manyRounds, fewRounds),
    wokenMs,
    wokenRatio: wokenMs / median(manyRounds),
  }
}

async function callsOf(
  { seeded }: Servers,
  name: SeededName,
  count: number,
  downstream: DownstreamTokens,
): Promise<PreparedRequest[]> {
  const origin = seeded[name]
  const pairs = await seedGrants(await makeSeeder(origin), subjectsNamed(name, count), downstream)
  return pairs.map(({ access_token: bearer }) => statelessMessage(origin, bearer, listTodos))
}

const isThere = (prepared: PreparedRequest | undefined): prepared is PreparedRequest => prepared !== undefined

/** Calls per second: all callers share one grant, or each has its own user. */
export interface Rates {
  readonly one: number
  readonly each: number
}

export interface OneUser {
  readonly callers: number
  readonly stateless: Rates
  readonly session: Rates
  readonly storm: Storm
}

/** Latency for another user, who calls sequentially under heavy load. p50 of each round, milliseconds. */
export interface Storm {
  readonly callers: number
  readonly aloneRounds: readonly number[]
  /** One user causes the load. */
  readonly oneRounds: readonly number[]
  /** Control: as many callers, each with its own user, so the machine load is the same. */
  readonly eachRounds: readonly number[]
  /** As many callers of the bare Worker: the effect of any load on the single thread of a local workerd. */
  readonly bareRounds: readonly number[]
  readonly rates: Rates & { readonly bare: number }
  readonly ratioToAlone: number
  readonly ratioToControl: number
}

type StormName = 'alone' | 'one' | 'each' | 'bare'

interface Transports {
  readonly stateless: readonly PreparedRequest[]
  readonly session: readonly PreparedRequest[]
}

export async function measureOneUser(
  { seeded: { few: origin } }: Servers,
  downstream: DownstreamTokens,
  bareCall: PreparedRequest,
  { stormRounds, stormMs }: Effort,
  signal: AbortSignal,
): Promise<OneUser> {
  const seeder = await makeSeeder(origin)
  const [pair, other] = await seedGrants(seeder, ['one of them', 'another'], downstream)
  if (pair === undefined || other === undefined) throw new Error('no grants were seeded')
  const each = await transportsOf(
    origin,
    await seedGrants(seeder, subjectsNamed('caller', CONNECTIONS), downstream),
  )
  const one = await transportsOf(
    origin,
    Array.from({ length: CONNECTIONS }, () => pair),
  )
  const rates = async (transport: keyof Transports): Promise<Rates> => {
    const taken: Rates[] = []
    for (let round = 0; round < stormRounds; round += 1) {
      const rate = (callers: readonly PreparedRequest[]) => rateOf(callers, stormMs, signal)
      taken.push({ one: await rate(one[transport]), each: await rate(each[transport]) })
    }
    return medianRates(taken)
  }
  const stateless = await rates('stateless')
  const session = await rates('session')
  const call = statelessMessage(origin, other.access_token, listTodos)
  // Leaves one connection for the other user.
  const [oneStorm, eachStorm] = [one, each].map((transports) => mixed(transports).slice(1))
  const bareStorm = Array.from({ length: CONNECTIONS - 1 }, () => bareCall)
  const during = async (storm: readonly PreparedRequest[] = []) => {
    const [rate, taken] = await Promise.all([
      storm.length === 0 ? 0 : rateOf(storm, stormMs, signal),
      sendFor(call, stormMs, signal),
    ])
    return { rate, p50: median(taken) }
  }
  const rounds: Record<StormName, { rate: number; p50: number }>[] = []
  for (let round = 0; round < stormRounds; round += 1) {
    rounds.push({
      alone: await during(),
      one: await during(oneStorm),
      each: await during(eachStorm),
      bare: await during(bareStorm),
    })
  }
  const p50 = (name: StormName) => rounds.map((round) => round[name].p50)
  return {
    callers: CONNECTIONS,
    stateless,
    session,
    storm: {
      callers: CONNECTIONS - 1,
      aloneRounds: p50('alone'),
      oneRounds: p50('one'),
      eachRounds: p50('each'),
      bareRounds: p50('bare'),
      rates: {
        ...medianRates(rounds.map((round) => ({ one: round.one.rate, each: round.each.rate }))),
        bare: median(rounds.map(({ bare }) => bare.rate)),
      },
      ratioToAlone: medianRatio(p50('one'), p50('alone')),
      ratioToControl: medianRatio(p50('one'), p50('each')),
    },
  }
}

const medianRates = (taken: readonly Rates[]): Rates => ({
  one: median(taken.map((rates) => rates.one)),
  each: median(taken.map((rates) => rates.each)),
})

/** A session for each caller: callers of one session would queue in its object instead of the user's object. */
async function transportsOf(origin: string, pairs: readonly Pair[]): Promise<Transports> {
  const session: PreparedRequest[] = []
  for (const { access_token: bearer } of pairs) {
    session.push(sessionMessage(origin, bearer, await openSession(origin, bearer), listTodos))
  }
  return {
    stateless: pairs.map(({ access_token: bearer }) => statelessMessage(origin, bearer, listTodos)),
    session,
  }
}

/** Callers alternate between the transports. */
const mixed = ({ stateless, session }: Transports): PreparedRequest[] =>
  stateless.map((prepared, index) => (index % 2 === 0 ? prepared : (session[index] ?? prepared)))
