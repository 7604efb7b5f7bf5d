import { env } from 'cloudflare:workers'
import type { CallIntent, CallStart } from '#users/calls/calls.ts'
import type { NewGrant } from '#users/grants/grant.ts'
import { userName } from '#users/base/user-id.ts'
import { ISSUER, newAccessToken, newRefreshToken } from './pingone.ts'

/** The object of this PingOne subject. */
export const userOf = async (subject: string) => env.USER.getByName(await userName(ISSUER, subject))

export async function newGrant(given: Partial<NewGrant> = {}): Promise<NewGrant> {
  return {
    id: 'grant',
    record: { value: JSON.stringify({ clientId: 'client' }), expiresAtSeconds: null },
    client: 'client',
    shown: { name: 'Client', domain: null, redirectUri: 'http://localhost:33418/done' },
    userName: 'Ada',
    pingOneSession: 'sid',
    downstreamScopes: ['todo:read'],
    accessToken: await newAccessToken(),
    refreshToken: newRefreshToken(),
    downstreamEndsAtSeconds: Math.floor(Date.now() / 1000) + 3600,
    environment: null,
    ...given,
  }
}

export const intent = (given: Partial<CallIntent> = {}): CallIntent => ({
  grant: 'grant',
  client: 'client',
  transport: 'stateless',
  tool: 'listTodos',
  effect: 'read',
  key: null,
  transaction: crypto.randomUUID(),
  argumentsDigest: 'x',
  ...given,
})

export const tokenOf = (start: CallStart) => (start.verdict === 'go' ? start.downstreamToken : start.verdict)
