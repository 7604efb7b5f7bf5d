import { z } from 'zod'
import type { Client } from '../faults/client.ts'
import { type Answer, send } from '../faults/send.ts'

const Refused = z.object({ error: z.string(), error_description: z.string() })

/** POST /token with exactly these fields. */
export const askToken = (fields: Record<string, string>): Promise<Answer> =>
  send('/token', { method: 'POST', body: new URLSearchParams(fields) })

/** What /token says of a refresh token, in its own words. */
export async function refusedRefresh(client: Client, refreshToken = client.tokens.refresh_token) {
  const answer = await askToken({
    client_id: client.id,
    grant_type: 'refresh_token',
    refresh_token: refreshToken,
  })
  const { error, error_description } = Refused.parse(JSON.parse(answer.text))
  return `${answer.status} ${error} ${error_description}`
}

export const endedBecause = (reason: string) => `400 invalid_grant This access has ended: ${reason}`
