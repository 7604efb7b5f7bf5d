import { join } from 'node:path'
import { send } from '../bench/requests.ts'
import { signInAtPingOne, makeSeeder, type Pair, seedGrants, subjectsNamed } from '../bench/logins.ts'
import { listTodos, openSession, sessionMessage, statelessMessage } from '../bench/messages.ts'
import type { Servers } from '../bench/servers.ts'
import { tokensIn } from '#harness/oauth-client.ts'
import { objectFiles, type StorageSize, storageSizeOf, untilClosed } from './stored.ts'

export interface Amounts {
  /** Objects in each group; each result is the median. */
  readonly users: number
  readonly grants: readonly number[]
  readonly refreshes: number
  readonly calls: number
  /** At most the limit of one grant. */
  readonly sessions: number
}

export interface Limits {
  readonly amounts: Amounts
  /** A user with this many grants, each redeemed and never used. */
  readonly byGrants: readonly (StorageSize & { readonly grants: number })[]
  /** A user with one grant and many of one other thing. */
  readonly refreshed: StorageSize
  readonly called: StorageSize
  readonly inSession: StorageSize
  readonly ended: StorageSize
  /** The object of one session: opened, and after the calls above. */
  readonly session: StorageSize
  readonly calledSession: StorageSize
  /** After the grant was revoked. */
  readonly endedSession: StorageSize
}

interface Group {
  readonly users: readonly string[]
  readonly sessions: readonly string[]
}

/** Creates groups of users that differ in one thing, and measures their files once they are idle. */
export async function measureLimits(
  servers: Servers,
  stateFolder: string,
  amounts: Amounts,
  signal: AbortSignal,
): Promise<Limits> {
  const { users, grants, refreshes, calls, sessions } = amounts
  const origin = servers.seeded.few
  const { client } = await makeSeeder(origin)
  const downstream = await signInAtPingOne(servers)
  const folders = {
    users: join(stateFolder, 'do/few-User'),
    sessions: join(stateFolder, 'do/few-McpSession'),
  }
  // File names do not identify users, so groups run sequentially, and the new files belong to the current group.
  const group = async (name: string, grantsEach: number, act: (pair: Pair) => Promise<unknown>) => {
    const before = new Set([...objectFiles(folders.users), ...objectFiles(folders.sessions)])
    const subjects = subjectsNamed(name, users).flatMap((subject) =>
      Array.from({ length: grantsEach }, () => subject),
    )
    for (const pair of await seedGrants({ origin, client }, subjects, downstream)) {
      signal.throwIfAborted()
      await act(pair)
    }
    const added = (folder: string) => objectFiles(folder).filter((file) => !before.has(file))
    return { users: added(folders.users), sessions: added(folders.sessions) } satisfies Group
  }
  const times = async (count: number, act: () => Promise<unknown>) => {
    for (let time = 0; time < count; time += 1) await act()
  }
  const idle = async () => {}
  const byGrants: (Group & { grants: number })[] = []
  for (const count of grants) byGrants.push({ ...(await group(`with ${count}`, count, idle)), grants: count })
  const refreshed = await group('refreshed', 1, async (pair) => {
    let { refresh_token: token } = pair
    await times(refreshes, async () => {
      token = tokensIn(await client.refresh(token)).refresh_token ?? ''
    })
  })
  const called = await group('called', 1, ({ access_token: bearer }) =>
    times(calls, () => send(statelessMessage(origin, bearer, listTodos))),
  )
  const inSession = await group('in session', 1, ({ access_token: bearer }) =>
    times(sessions, () => openSession(origin, bearer)),
  )
  const calledInSession = await group('called in session', 1, async ({ access_token: bearer }) => {
    const message = sessionMessage(origin, bearer, await openSession(origin, bearer), listTodos)
    await times(calls, () => send(message))
  })
  const ended = await group('ended', 1, async ({ access_token: bearer, refresh_token: token }) => {
    await openSession(origin, bearer)
    await client.revoke(token)
  })
  await untilClosed([...objectFiles(folders.users), ...objectFiles(folders.sessions)], signal)
  return {
    amounts,
    byGrants: byGrants.map((one) => ({ grants: one.grants, ...storageSizeOf(one.users) })),
    refreshed: storageSizeOf(refreshed.users),
    called: storageSizeOf(called.users),
    inSession: storageSizeOf(inSession.users),
    ended: storageSizeOf(ended.users),
    session: storageSizeOf(inSession.sessions),
    calledSession: storageSizeOf(calledInSession.sessions),
    endedSession: storageSizeOf(ended.sessions),
  }
}
