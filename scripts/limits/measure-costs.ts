import { setTimeout as wait } from 'node:timers/promises'
import { z } from 'zod'
import { Browser } from '#harness/browser.ts'
import { OAuthClient, tokensIn } from '#harness/oauth-client.ts'
import { signIn } from '#harness/sign-in.ts'
import { newUser } from '#harness/users.ts'
import { listTodos, type Message, openSession, sessionMessage, statelessMessage } from '../bench/messages.ts'
import { type PreparedRequest, send } from '../bench/requests.ts'
import type { Servers } from '../bench/servers.ts'

/** What Cloudflare bills, as bench/counted/ counts it. */
export const Units = z.object({
  requests: z.number(),
  objectRequests: z.number(),
  alarms: z.number(),
  webSocketMessages: z.number(),
  objectReads: z.number(),
  objectWrites: z.number(),
  d1Requests: z.number(),
  d1Reads: z.number(),
  d1Writes: z.number(),
  kvReads: z.number(),
  kvWrites: z.number(),
  lines: z.number(),
  lineBytes: z.number(),
})
export type Units = z.infer<typeof Units>

/** Units of one action, the mean of `count`. */
export interface ActionCost {
  readonly name: string
  readonly count: number
  readonly units: Units
}

const USERS = 10
const BATCH = 50
/** Shipping begins two seconds after an event. */
const QUIET_MS = 3500
/** workerd evicts an object after ten idle seconds. */
const EVICTED_MS = 13_000

const addTodo: Message = {
  method: 'tools/call',
  params: { name: 'addTodo', arguments: { text: 'Measure what a call costs' } },
  expects: 'Measure what a call costs',
}
const listTools: Message = { method: 'tools/list', params: {}, expects: 'listTodos' }

/** Counts units of a login and of calls, with what runs after their answers. */
export async function measureCosts(
  { origin }: Pick<Servers, 'origin'>,
  signal: AbortSignal,
): Promise<readonly ActionCost[]> {
  const costs: ActionCost[] = []
  const quiet = () => untilQuiet(origin, signal)
  const measure = async (name: string, count: number, act: () => Promise<void>) => {
    const before = await quiet()
    await act()
    const after = await quiet()
    costs.push({ name, count, units: mapUnits((unit) => (after[unit] - before[unit]) / count) })
  }
  const each = async <T>(list: readonly T[], act: (one: T) => Promise<unknown>) => {
    for (const one of list) await act(one)
  }

  const clients: OAuthClient[] = []
  const discovered = await new OAuthClient(`${origin}/mcp`).discover()
  await measure('a client registers', USERS, () =>
    each(Array.from({ length: USERS }), async () => {
      clients.push(await new OAuthClient(discovered.mcpUrl).discover().then((client) => client.register()))
    }),
  )
  const bearers: string[] = []
  const refreshes: { client: OAuthClient; token: string }[] = []
  await measure('a login, to the first access token', USERS, () =>
    each(clients, async (client) => {
      const { url, verifier } = client.authorize({ scope: 'todo:read todo:write' })
      const { answer } = await signIn(new Browser(), url, { user: newUser('cost') })
      const tokens = tokensIn(await client.redeem(answer?.get('code') ?? '', verifier))
      refreshes.push({ client, token: tokens.refresh_token ?? '' })
    }),
  )
  await measure('a refresh', USERS, () =>
    each(refreshes, async ({ client, token }) => {
      bearers.push(tokensIn(await client.refresh(token)).access_token)
    }),
  )
  const sessions: PreparedRequest[] = []
  await measure('a session is opened', USERS, () =>
    each(bearers, async (bearer) => {
      sessions.push(sessionMessage(origin, bearer, await openSession(origin, bearer), listTodos))
    }),
  )
  const stateless = (message: Message) => bearers.map((bearer) => statelessMessage(origin, bearer, message))
  await measure('`tools/list`, stateless', USERS, () => each(stateless(listTools), send))

  // The first batch after five minutes deletes the row of a call, so each call here pays for one of the round before.
  const calls = async (name: string, messages: readonly PreparedRequest[], times: number) => {
    const act = () => each(messages, (message) => each(Array.from({ length: times }), () => send(message)))
    await post(`${origin}/bench/later`)
    await act()
    await quiet()
    await post(`${origin}/bench/later`)
    await measure(name, messages.length * times, act)
  }
  await calls('a read, stateless, ships alone', stateless(listTodos), 1)
  await calls('a write, stateless, ships alone', stateless(addTodo), 1)
  await calls('a read, in a session, ships alone', sessions, 1)
  await post(`${origin}/bench/later`)
  await quiet()
  await wait(EVICTED_MS, undefined, { signal })
  await measure('a read, stateless, wakes its object', USERS, () => each(stateless(listTodos), send))
  await calls('a read, stateless, 50 ship together', stateless(listTodos), BATCH)
  await calls('a read, in a session, 50 ship together', sessions, BATCH)
  return costs
}

const read = async (origin: string) => Reading.parse(await (await fetch(`${origin}/bench/units`)).json())

const Reading = Units.extend({ runningAlarms: z.number() })

/** The units, once nothing was counted for a while. */
async function untilQuiet(origin: string, signal: AbortSignal): Promise<Units> {
  let last = await read(origin)
  for (;;) {
    await wait(QUIET_MS, undefined, { signal })
    const now = await read(origin)
    if (now.runningAlarms === 0 && UNITS.every((unit) => now[unit] === last[unit])) return now
    last = now
  }
}

async function post(url: string): Promise<void> {
  const { ok, status } = await fetch(url, { method: 'POST' })
  if (!ok) throw new Error(`${url}: ${status}`)
}

const UNITS = Units.keyof().options

const mapUnits = (of: (unit: keyof Units) => number): Units =>
  Units.parse(Object.fromEntries(UNITS.map((unit) => [unit, of(unit)])))
