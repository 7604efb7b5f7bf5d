import { createLocalJWKSet, errors, jwtVerify } from 'jose'
import type { AccessToken } from './records.ts'
import { publicKeys } from './signing-keys.ts'
import type { Visit } from './visit.ts'

/** What the tenant knows of an access token that it issued, that was not revoked and that has not expired. */
export async function findAccessToken(
  { store, stampSeconds }: Visit,
  token: string,
): Promise<{ jti: string; record: AccessToken; claims: Record<string, unknown> } | undefined> {
  try {
    const keys = createLocalJWKSet({ keys: await publicKeys(store) })
    const { payload } = await jwtVerify(token, keys, { currentDate: new Date(stampSeconds * 1000) })
    const record = payload.jti === undefined ? undefined : store.accessTokens.get(payload.jti)
    return record && payload.jti !== undefined ? { jti: payload.jti, record, claims: payload } : undefined
  } catch (error) {
    if (error instanceof errors.JOSEError) return undefined
    throw error
  }
}
