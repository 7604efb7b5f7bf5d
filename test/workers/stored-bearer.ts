import { env } from 'cloudflare:workers'
import { sha256Hex } from '#lib/hash.ts'
import { readRootKeys } from '#lib/root-keys.ts'
import { makeUserId, openUserId } from '#users/base/user-id.ts'
import { grantKey, tokenKey } from '#users/grants/grant-records.ts'
import { ISSUER, ORIGIN, REDIRECT_URI, ROOT_KEYS } from './settings.ts'

const CLIENT = 'the-client'
const DAY_SECONDS = 86_400

const keys = readRootKeys(ROOT_KEYS, undefined)
if (!keys.ok) throw new Error(keys.error)
const rootKeys = keys.value

export const random = (characters: number) =>
  Array.from(crypto.getRandomValues(new Uint8Array(characters)), (byte) => (byte % 36).toString(36)).join('')

/** A user and the object with their grants. */
export async function userNamed(subject: string) {
  const id = await makeUserId(rootKeys[0], ISSUER, subject)
  const name = await openUserId(rootKeys, id)
  if (!name.ok) throw new Error('not an id of ours')
  return { id, object: () => env.USER.getByName(name.value) }
}

/** A grant with one access token, stored as a login would leave it: thousands of logins would take too long. */
export async function newToken(
  { id, object }: Awaited<ReturnType<typeof userNamed>>,
  scope: readonly string[] = ['todo:read'],
): Promise<string> {
  const [grant, secret] = [random(16), random(32)]
  const token = `${id}:${grant}:${secret}`
  const endsAt = Math.floor(Date.now() / 1000) + DAY_SECONDS
  const stored = (value: object) => ({ value: JSON.stringify(value), expiresAtSeconds: endsAt })
  const record = stored({ clientId: CLIENT, authCodeId: 'the code' })
  const user = object()
  await user.openGrant({
    id: grant,
    record,
    client: CLIENT,
    shown: { name: 'Client', domain: null, redirectUri: REDIRECT_URI },
    userName: 'Ada',
    preferredUsername: 'ada',
    pingOneSession: 'the-session',
    downstreamScopes: [...scope],
    accessToken: 'the-access-token',
    refreshToken: 'the-refresh-token',
    downstreamEndsAtSeconds: endsAt,
    environment: null,
  })
  const bearer = { expiresAt: endsAt, audience: `${ORIGIN}/mcp`, scope, grant: { clientId: CLIENT } }
  await user.commit(grant, {
    before: record.value,
    presented: 'the code',
    writes: [
      [grantKey(grant), stored({ clientId: CLIENT, redeemed: true })],
      [tokenKey(grant, await sha256Hex(token)), stored(bearer)],
    ],
    spent: null,
  })
  return token
}
