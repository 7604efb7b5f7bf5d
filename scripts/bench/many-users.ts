import { setTimeout as wait } from 'node:timers/promises'
import type { Sending } from './exchange.ts'
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
  /** `listTodos`, stateless: p50 of each round, milliseconds. */
  readonly fewRounds: readonly number[]
  readonly manyRounds: readonly number[]
  readonly ratio: number
  /** p50 of a call that finds its User not in memory, and what that is to one that finds it there. */
  readonly wokenMs: number
  readonly wokenRatio: number
}

export const FEW = 10
/** Few in short blocks between the many: all the many must be called again before the first leaves memory (10 s). */
const FEW_BLOCK = 15
const MANY_BLOCK = 75
const MOST_WOKEN = 300

/**
 * Two Workers with the same code: one has ten users, the other many, each with a grant. Calls go from user to user.
 * At PingOne and at the API all of them are one and the same user, so what differs is our objects and nothing else.
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
  // Not counted: it brings everybody into memory.
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
): Promise<Sending[]> {
  const origin = seeded[name]
  const pairs = await seedGrants(await makeSeeder(origin), subjectsNamed(name, count), downstream)
  return pairs.map(({ access_token: bearer }) => statelessMessage(origin, bearer, listTodos))
}

const isThere = (sending: Sending | undefined): sending is Sending => sending !== undefined
