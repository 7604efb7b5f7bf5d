import { runInDurableObject } from 'cloudflare:test'
import { env } from 'cloudflare:workers'
import { z } from 'zod'
import type { Tokens } from './client.ts'
import { AHEAD_MS, clock } from './witness.ts'

const Call = z.object({ id: z.string(), tool: z.string(), outcome: z.string().nullable() })
export type Call = z.infer<typeof Call>

/** The object of the token's user. The user id begins with the object's name (users/base/user-id.ts). */
export const userOf = ({ access_token }: Tokens) => env.USER.getByName(access_token.split('.')[0] ?? '')

export const callsOf = (tokens: Tokens): Promise<Call[]> =>
  runInDurableObject(userOf(tokens), (_user, { storage }) =>
    z.array(Call).parse(storage.sql.exec('SELECT id, tool, outcome FROM calls').toArray()),
  )

/** All key-value rows under a prefix. */
export const storedOf = (tokens: Tokens, prefix: string): Promise<[string, unknown][]> =>
  runInDurableObject(userOf(tokens), (_user, { storage }) => [...storage.kv.list({ prefix })])

const TRIES = 3

/** Runs the alarm, and again if the object died in it. The platform tries six times. */
export async function runAlarm(tokens: Tokens): Promise<void> {
  for (let tries = 1; ; tries += 1) {
    try {
      await userOf(tokens).ring(tries > 1)
      return
    } catch (error) {
      if (tries === TRIES) throw error
    }
  }
}

/** Runs the alarm as if `ms` had passed. */
export async function later(tokens: Tokens, ms: number): Promise<void> {
  clock.aheadMs = AHEAD_MS + ms
  await runAlarm(tokens)
  clock.aheadMs = AHEAD_MS
}
