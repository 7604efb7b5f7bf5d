import { type Reply, tokensIn } from '#harness/oauth-client.ts'
import { callToolStateless } from '#harness/transport.ts'
import type { Storm } from './start-storm.ts'

/** The result of one round. */
export interface Round {
  callers: number
  alive: number
  pairs: number
  redemptions: number
  killed: number
  disturbed: number
  ms: number
}

const times = <T>(count: number, act: () => Promise<T>): Promise<T[]> =>
  Promise.all(Array.from({ length: count }, act))

const isGood = ({ status, body }: Reply) => status === 200 && !JSON.stringify(body).includes('"isError":true')

async function measured(
  storm: Storm,
  act: () => Promise<Omit<Round, 'redemptions' | 'killed' | 'ms'>>,
): Promise<Round> {
  const before = await storm.emulator.state()
  const start = performance.now()
  const round = await act()
  const ms = Math.round(performance.now() - start)
  const after = await storm.emulator.state()
  const redeemed = (after.grants['refresh_token'] ?? 0) - (before.grants['refresh_token'] ?? 0)
  const dead = (state: typeof after) => state.families.filter(({ alive }) => !alive).length
  return { ...round, redemptions: redeemed, killed: dead(after) - dead(before), ms }
}

/** All callers refresh the same token, then use their result for one call and one more refresh. */
export async function refreshesOfOneToken(storm: Storm, callers: number): Promise<Round> {
  const { tokens } = await storm.signIn()
  return measured(storm, () => refreshAndUse(storm, tokens.refresh_token ?? '', callers))
}

async function refreshAndUse({ client }: Storm, refreshToken: string, callers: number) {
  const access = new Set<string>()
  const alive = await times(callers, async () => {
    const pair = tokensIn(await client.refresh(refreshToken))
    access.add(pair.access_token)
    const call = await callToolStateless(client, pair.access_token, 'listTodos')
    return isGood(call) && (await client.refresh(pair.refresh_token ?? '')).status === 200
  })
  return { callers, alive: alive.filter(Boolean).length, pairs: access.size, disturbed: 0 }
}

/** PingOne's token has expired, and all callers call at once. */
export async function callsOnAnExpiredToken(storm: Storm, callers: number): Promise<Round> {
  const { tokens } = await signInWithExpiringToken(storm)
  return measured(storm, async () => {
    const replies = await times(callers, () =>
      callToolStateless(storm.client, tokens.access_token, 'listTodos'),
    )
    return { callers, alive: replies.filter(isGood).length, pairs: 1, disturbed: 0 }
  })
}

/** One user refreshes and calls at once, while other users call. */
export async function refreshesAndCalls(storm: Storm, callers: number): Promise<Round> {
  const others = [await storm.signIn(), await storm.signIn(), await storm.signIn()]
  const { tokens } = await signInWithExpiringToken(storm)
  return measured(storm, async () => {
    const [refreshed, calls, elsewhere] = await Promise.all([
      refreshAndUse(storm, tokens.refresh_token ?? '', callers),
      times(callers, () => callToolStateless(storm.client, tokens.access_token, 'listTodos')),
      Promise.all(
        others.map(({ tokens: own }) =>
          times(10, () => callToolStateless(storm.client, own.access_token, 'listTodos')),
        ),
      ),
    ])
    return {
      callers: callers * 2,
      alive: refreshed.alive + calls.filter(isGood).length,
      pairs: refreshed.pairs,
      disturbed: elsewhere.flat().filter((reply) => !isGood(reply)).length,
    }
  })
}

async function signInWithExpiringToken(storm: Storm) {
  await storm.emulator.set({ accessTokenSeconds: 30 })
  const signedIn = await storm.signIn()
  await storm.emulator.set({ accessTokenSeconds: null })
  return signedIn
}
