import { z } from 'zod'
import { fromBase64Url } from '../lib/base64url.ts'

const Claims = z.looseObject({ iss: z.string().min(1) })

/**
 * Every `client_id` that a token or revocation request names, in all places where the library would take one from
 * (RFC 6749 §2.3.1; RFC 7521 §4.2: it may be left out beside an assertion). Null: a place is in use and not readable.
 */
export function namedClients(form: URLSearchParams, authorization: string | null): string[] | null {
  const named = form.getAll('client_id').filter((id) => id !== '')
  const basic = basicClient(authorization)
  const asserted = form
    .getAll('client_assertion')
    .filter((assertion) => assertion !== '')
    .map(assertedClient)
  if (basic === null || asserted.includes(null)) return null
  return [...named, ...basic, ...asserted.filter((id) => id !== null)]
}

/** What Basic names: nothing when the header is of another scheme, null when it cannot be read. */
function basicClient(authorization: string | null): string[] | null {
  const [scheme = '', credentials, ...more] = (authorization ?? '').trim().split(/[ \t]+/)
  if (scheme.toLowerCase() !== 'basic') return []
  if (credentials === undefined || more.length > 0) return null
  try {
    const [, id] = /^([^:]+):/.exec(atob(credentials)) ?? []
    return id === undefined ? null : [decodeURIComponent(id.replaceAll('+', ' '))]
  } catch {
    return null
  }
}

/** Who an assertion says it is from (RFC 7523 §3): unverified, and so only good for refusing. */
function assertedClient(assertion: string): string | null {
  const [, payload] = /^[A-Za-z0-9_-]+\.([A-Za-z0-9_-]+)\.[A-Za-z0-9_-]+$/.exec(assertion) ?? []
  if (payload === undefined) return null
  try {
    const text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: false }).decode(fromBase64Url(payload))
    const claims = Claims.safeParse(JSON.parse(text))
    return claims.success ? claims.data.iss : null
  } catch {
    return null
  }
}
