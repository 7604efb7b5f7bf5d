import { z } from 'zod'
import { boundedText } from '#lib/bounded-text.ts'
import { err, ok, type Result } from '#lib/result.ts'
import { denial, type OAuthDenial } from '../oauth-denial.ts'

const MAX_REDIRECT_URIS = 10
const MAX_NAME_CHARACTERS = 100
/** `client_name` in any language (RFC 7591 §2.2), and the names of its software. */
const NAME = /^(?:client_name(?:#.*)?|software_id|software_version)$/s

const Metadata = z.record(z.string(), z.unknown())
const RedirectUris = z.array(z.string()).min(1)

/**
 * Checks a registration against our limits; the library checks the rest. Rejects a name that is too long, because a
 * truncated name is another name. Removes invisible characters instead of rejecting them: emoji and several scripts need
 * some, and RFC 7591 §3.2.1 allows a server to replace a value. `cleaned` is for the library.
 */
export function readRegistrationMetadata(
  json: string,
): Result<{ redirectUris: readonly string[]; cleaned: Record<string, unknown> }, OAuthDenial> {
  const metadata = Metadata.safeParse(parsed(json))
  if (!metadata.success) return refuse('The body must be a JSON object')
  const given = withoutEmpty(metadata.data)
  const redirectUris = RedirectUris.safeParse(given['redirect_uris'])
  if (!redirectUris.success) return refuse('redirect_uris must be a list of URIs', 'invalid_redirect_uri')
  if (redirectUris.data.length > MAX_REDIRECT_URIS)
    return refuse(`At most ${MAX_REDIRECT_URIS} redirect URIs can be registered`)
  const names = Object.entries(given).filter(([field]) => NAME.test(field))
  const isTooLong = ([, name]: [string, unknown]) =>
    typeof name === 'string' && Array.from(name).length > MAX_NAME_CHARACTERS
  if (names.some(isTooLong)) return refuse(`A name can have at most ${MAX_NAME_CHARACTERS} characters`)
  const clean = names.map(([field, name]) => [
    field,
    typeof name === 'string' ? boundedText(name, MAX_NAME_CHARACTERS) : name,
  ])
  return ok({
    redirectUris: redirectUris.data,
    cleaned: withoutEmpty({ ...given, ...Object.fromEntries(clean) }),
  })
}

/** An empty field counts as omitted (RFC 7591 §2). Many clients send null or '' where they have no value. */
const isEmpty = (value: unknown): boolean =>
  value === null ||
  (typeof value === 'string' && value.trim() === '') ||
  (Array.isArray(value) && value.length === 0)

const withoutEmpty = (metadata: Record<string, unknown>): Record<string, unknown> =>
  Object.fromEntries(
    Object.entries(metadata)
      .map(([field, value]) => [field, Array.isArray(value) ? value.filter((each) => !isEmpty(each)) : value])
      .filter(([, value]) => !isEmpty(value)),
  )

const refuse = (description: string, code: OAuthDenial['code'] = 'invalid_client_metadata') =>
  err(denial(400, code, description))

function parsed(json: string): unknown {
  try {
    return JSON.parse(json)
  } catch {
    return undefined
  }
}
