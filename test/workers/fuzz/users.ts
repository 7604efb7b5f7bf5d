import { env } from 'cloudflare:workers'
import { readRootKeys } from '#lib/root-keys.ts'
import { sha256Hex } from '#lib/hash.ts'
import { grantKey, tokenKey } from '#users/grants/grant-records.ts'
import { makeUserId, openUserId } from '#users/base/user-id.ts'
import { ISSUER, ORIGIN, REDIRECT_URI, ROOT_KEYS } from '../settings.ts'

const CLIENT = 'the-client'
const DAY_SECONDS = 86_400

const keys = readRootKeys(ROOT_KEYS, undefined)
if (!keys.ok) throw new Error(keys.error)
const rootKeys = keys.value

const secret = (characters: number) =>
  Array.from(crypto.getRandomValues(new Uint8Array(characters)), (byte) => (byte % 36).toString(36)).join('')

/** A grant with one access token, stored as a login would leave it. */
export async function bearerOf(subject: string, may: 'read' | 'write'): Promise<string> {
  const id = await makeUserId(rootKeys[0], ISSUER, subject)
  const name = await openUserId(rootKeys, id)
  if (!name.ok) throw new Error('not an id of ours')
  const grant = secret(16)
  const token = `${id}:${grant}:${secret(32)}`
  const endsAt = Math.floor(Date.now() / 1000) + DAY_SECONDS
  const record = {
    value: JSON.stringify({ clientId: CLIENT, authCodeId: 'the code' }),
    expiresAtSeconds: endsAt,
  }
  const user = env.USER.getByName(name.value)
  const scopes = may === 'write' ? ['todo:read', 'todo:write'] : ['todo:read']
  await user.openGrant({
    id: grant,
    record,
    client: CLIENT,
    shown: { name: 'Client', domain: null, redirectUri: REDIRECT_URI },
    userName: 'Ada',
    pingOneSession: 'the-session',
    downstreamScopes: scopes,
    accessToken: 'the-access-token',
    refreshToken: 'the-refresh-token',
    downstreamEndsAtSeconds: endsAt,
    environment: null,
  })
  const redeemed = JSON.stringify({ clientId: CLIENT, redeemed: true })
  const value = JSON.stringify({
    expiresAt: endsAt,
    audience: `${ORIGIN}/mcp`,
    scope: scopes,
    grant: { clientId: CLIENT },
  })
  await user.commit(grant, {
    before: record.value,
    presented: 'the code',
    writes: [
      [grantKey(grant), { ...record, value: redeemed }],
      [tokenKey(grant, await sha256Hex(token)), { value, expiresAtSeconds: endsAt }],
    ],
    spent: null,
  })
  return token
}
