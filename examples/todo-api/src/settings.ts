import { z } from 'zod'

import { deny, ok, type Result } from './denial.ts'

/** wrangler.jsonc declares settings as empty strings; an empty one counts as unset. */
const unlessEmpty = <T extends z.ZodType>(schema: T) =>
  z.preprocess((value) => (value === '' ? undefined : value), schema)

// RFC 6749 §3.3: a scope has no space, quote or backslash, so a challenge needs no escaping.
const Scope = z.string().regex(/^[\x21\x23-\x5b\x5d-\x7e]{1,100}$/)

const Settings = z.object({
  PINGONE_ISSUER: z.string().refine(isIssuer),
  API_IDENTIFIER: z.string().regex(/^[^\s]{1,500}$/),
  API_SCOPE_READ: unlessEmpty(Scope.default('todo:read')),
  API_SCOPE_WRITE: unlessEmpty(Scope.default('todo:write')),
})

export type Settings = {
  /** Compared byte for byte with `iss`, so it is not normalized. */
  readonly issuer: string
  readonly audience: string
  readonly scopes: { readonly read: string; readonly write: string }
}

/** Names all wrong settings at once, never their values. */
export function readSettings(env: unknown): Result<Settings> {
  const read = Settings.safeParse(env)
  if (!read.success) {
    const names = new Set(read.error.issues.map(({ path }) => String(path[0])))
    return deny({ reason: 'settings_invalid', names: [...names] })
  }
  const { PINGONE_ISSUER, API_IDENTIFIER, API_SCOPE_READ, API_SCOPE_WRITE } = read.data
  return ok({
    issuer: PINGONE_ISSUER,
    audience: API_IDENTIFIER,
    scopes: { read: API_SCOPE_READ, write: API_SCOPE_WRITE },
  })
}

const RunId = z.object({ RUN_ID: z.string().min(1).max(200) })

/** Identifies one start of the local servers; unset in a deployment. */
export function readRunId(env: unknown): string | null {
  const read = RunId.safeParse(env)
  return read.success ? read.data.RUN_ID : null
}

// OpenID Connect Discovery §3: an issuer has no query and no fragment. PingOne's issuer has no slash at the
// end; with one, the address of the keys would be wrong.
function isIssuer(issuer: string): boolean {
  if (/[\s?#]|\/$/.test(issuer) || !URL.canParse(issuer)) return false
  const { protocol, hostname, username, password } = new URL(issuer)
  if (username !== '' || password !== '') return false
  return protocol === 'https:' || (protocol === 'http:' && isLoopback(hostname))
}

// Keys fetched over plain http could be replaced on the way, so it is allowed only on this machine.
function isLoopback(hostname: string): boolean {
  return hostname === 'localhost' || hostname === '[::1]' || /^127(?:\.\d{1,3}){3}$/.test(hostname)
}
