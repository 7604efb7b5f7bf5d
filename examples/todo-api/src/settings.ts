import { z } from 'zod'

import { no, ok, type Result } from './result.ts'

/** A deployment leaves what it does not know as an empty string; that is the same as not set. */
const unlessEmpty = <T extends z.ZodType>(schema: T) =>
  z.preprocess((value) => (value === '' ? undefined : value), schema)

// RFC 6749 §3.3: one scope has no space, quote or backslash, so it can stand in a challenge as it is.
const Scope = z.string().regex(/^[\x21\x23-\x5b\x5d-\x7e]{1,100}$/)

const Settings = z.object({
  PINGONE_ISSUER: z.string().refine(isIssuer),
  API_IDENTIFIER: z.string().regex(/^[^\s]{1,500}$/),
  API_SCOPE_READ: unlessEmpty(Scope.default('todo:read')),
  API_SCOPE_WRITE: unlessEmpty(Scope.default('todo:write')),
})

export type Settings = {
  /** Compared byte for byte with `iss`, so it stays the string that the operator wrote. */
  readonly issuer: string
  readonly audience: string
  readonly scopes: { readonly read: string; readonly write: string }
}

/** The only reader of setting names. Says which settings are wrong, all at once, and never what they hold. */
export function readSettings(env: unknown): Result<Settings> {
  const read = Settings.safeParse(env)
  if (!read.success) {
    const names = new Set(read.error.issues.map(({ path }) => String(path[0])))
    return no({ reason: 'settings_invalid', names: [...names] })
  }
  const { PINGONE_ISSUER, API_IDENTIFIER, API_SCOPE_READ, API_SCOPE_WRITE } = read.data
  return ok({
    issuer: PINGONE_ISSUER,
    audience: API_IDENTIFIER,
    scopes: { read: API_SCOPE_READ, write: API_SCOPE_WRITE },
  })
}

const RunId = z.object({ RUN_ID: z.string().min(1).max(200) })

/** Which start of the local servers this Worker belongs to; a deployment has none. */
export function readRunId(env: unknown): string | null {
  const read = RunId.safeParse(env)
  return read.success ? read.data.RUN_ID : null
}

// OpenID Connect Discovery §3: an issuer has no query and no fragment. PingOne's has no slash at the end, and
// with one the address of the keys would be wrong.
function isIssuer(issuer: string): boolean {
  if (/[\s?#]|\/$/.test(issuer) || !URL.canParse(issuer)) return false
  const { protocol, hostname, username, password } = new URL(issuer)
  if (username !== '' || password !== '') return false
  return protocol === 'https:' || (protocol === 'http:' && isLoopback(hostname))
}

// Keys that come by plain http can be replaced on the way: only this machine may serve them so.
function isLoopback(hostname: string): boolean {
  return hostname === 'localhost' || hostname === '[::1]' || /^127(?:\.\d{1,3}){3}$/.test(hostname)
}
