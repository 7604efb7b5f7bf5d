import type { Config } from '#config.ts'
import { log } from '#lib/log.ts'
import { err, ok, type Result } from '#lib/result.ts'
import { openUserId } from '#users/base/user-id.ts'

// Codes, access tokens and refresh tokens alike: `<userId>:<grantId>:<secret>` (the library's storage schema).
const TOKEN = /^([^:]{1,100}):([A-Za-z0-9_-]{16}):[A-Za-z0-9_-]{32}$/

/** The user and grant in a code or token; null: not of the library's grammar. The only parser of that grammar. */
export function readIssued(token: string): { user: string; grant: string } | null {
  const [, user, grant] = TOKEN.exec(token) ?? []
  return user === undefined || grant === undefined ? null : { user, grant }
}

/** `key_missing`: it may be ours, so nobody is signed out for it; it becomes good again with its key. */
export type OwnerProblem = 'not_ours' | 'key_missing'

/**
 * The name of the user that a token belongs to (decision 15). Storage and objects are asked only then: what a
 * stranger makes up costs one HMAC and leaves nothing behind.
 */
export async function tokenOwner(
  { rootKeys, retiredRootKeys }: Pick<Config, 'rootKeys' | 'retiredRootKeys'>,
  token: string,
): Promise<Result<string, OwnerProblem>> {
  const issued = readIssued(token)
  if (issued === null) return err('not_ours')
  const opened = await openUserId(rootKeys, issued.user)
  if (opened.ok) return ok(opened.value)
  const problem = opened.error
  if (problem.reason === 'not_ours' || retiredRootKeys.includes(problem.keyId)) return err('not_ours')
  reportMissing(problem.keyId)
  return err('key_missing')
}

// A stranger can write any key id into what looks like a token: each is told once, and not without end.
const MOST_REPORTED = 20
const reported = new Set<string>()

function reportMissing(key: string): void {
  if (reported.has(key) || reported.size >= MOST_REPORTED) return
  reported.add(key)
  log.error('root-key.missing', { key })
}
