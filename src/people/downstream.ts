import type { Config } from '../config.ts'
import { err, ok, type Result } from '../lib/result.ts'
import { thumbprint } from '../lib/thumbprint.ts'
import { SealedTokens, type Grant } from './grant.ts'
import { seal, unseal } from './seal.ts'

/** A token with less than this left is renewed first: a call must not run out of it half way. */
export const REFRESH_AHEAD_SECONDS = 60

/** An API that refuses every token must not have each call of every person renewed at PingOne. */
const REPLACE_PAUSE_SECONDS = 60

const PURPOSE = 'downstream-tokens'

export const sealTokens = (config: Config, grant: string, tokens: SealedTokens): Promise<string> =>
  seal(config.rootKeys, { purpose: PURPOSE, grant }, JSON.stringify(tokens))

export const openTokens = (config: Config, grant: Grant) => openSealed(config, grant.id, grant.sealed)

export async function openSealed(
  config: Config,
  grant: string,
  sealed: string,
): Promise<Result<SealedTokens, string>> {
  const opened = await unseal(config.rootKeys, { purpose: PURPOSE, grant }, sealed)
  if (opened.ok) return ok(SealedTokens.parse(JSON.parse(opened.value)))
  return err(
    opened.error.reason === 'key_missing' ? `root key ${opened.error.keyId} is missing` : 'broken seal',
  )
}

/** Whether a token with life left is replaced all the same: the API refused this one, and not just now another. */
export async function isToReplace(
  grant: Grant,
  access: string,
  refused: string | undefined,
  nowSeconds: number,
): Promise<boolean> {
  if (refused === undefined || (await thumbprint(access)) !== refused) return false
  return grant.replacedAtSeconds === null || nowSeconds - grant.replacedAtSeconds >= REPLACE_PAUSE_SECONDS
}

export const tenantOf = (config: Config): Grant['tenant'] => ({
  issuer: config.pingone.issuer,
  clientId: config.pingone.clientId,
  audience: config.api.identifier,
})

export const isSameTenant = (grant: Grant, config: Config): boolean => {
  const now = tenantOf(config)
  const { issuer, clientId, audience } = grant.tenant
  return issuer === now.issuer && clientId === now.clientId && audience === now.audience
}
