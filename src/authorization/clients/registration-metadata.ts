import { z } from 'zod'
import { boundedText } from '#lib/bounded-text.ts'
import { err, ok, type Result } from '#lib/result.ts'
import type { OAuthDenial } from '../oauth-denial.ts'

const MAX_REDIRECT_URIS = 10
const MAX_NAME_CHARACTERS = 100
/** What a client is called, in any language (RFC 7591 §2.2), and what it says that it is made of. */
const NAME = /^(?:client_name(?:#.*)?|software_id|software_version)$/s

const Metadata = z.record(z.string(), z.unknown())
const RedirectUris = z.array(z.string()).min(1)

export interface RegistrationMetadata {
  redirectUris: readonly string[]
  /** What the library is given: names without characters that nobody sees. */
  cleaned: Record<string, unknown>
}

/**
 * A registration within our limits; everything else about it is the library's to judge. Names that are too long are
 * refused, because a cut name is another name. Unseen characters are taken out and not refused: emoji and several
 * scripts use them honestly, and RFC 7591 §3.2.1 lets a server replace a value if its answer says so.
 */
export function readRegistrationMetadata(json: string): Result<RegistrationMetadata, OAuthDenial> {
  const metadata = Metadata.safeParse(parsed(json))
  if (!metadata.success) return refuse('The body must be a JSON object')
  const given = withoutEmpty(metadata.data)
  const redirectUris = RedirectUris.safeParse(given['redirect_uris'])
  if (!redirectUris.success)
    return err({
      status: 400,
      code: 'invalid_redirect_uri',
      description: 'redirect_uris must be a list of URIs',
    })
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

/**
 * Empty fields count as omitted (RFC 7591 §2). Many clients send every field they know, with null or an empty string
 * where they have no value.
 */
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

const refuse = (description: string) =>
  err({ status: 400, code: 'invalid_client_metadata', description } satisfies OAuthDenial)

function parsed(json: string): unknown {
  try {
    return JSON.parse(json)
  } catch {
    return undefined
  }
}
