import { setTimeout as wait } from 'node:timers/promises'
import type { PreparedRequest } from './exchange.ts'
import { medianRatio, sendEach } from './load.ts'
import type { DownstreamTokens } from './logins.ts'
import type { Effort } from './measure.ts'
import { listTodos, statelessMessage } from './messages.ts'
import { makeSeeder, seedGrants, subjectsNamed } from './seed.ts'
import type { SeededName, Servers } from './servers.ts'
import { median } from './statistics.ts'

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

export const FEW = 10
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

const isThere = (sending: PreparedRequest | undefined): sending is PreparedRequest => sending !== undefined
