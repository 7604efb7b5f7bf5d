import { z } from 'zod'
import { fromBase64Url } from '#lib/hash.ts'

const Claims = z.looseObject({ iss: z.string().min(1) })

/** Null: a place has a value that cannot be read. */
export type NamedClients = readonly string[] | null

/**
 * Every `client_id` that a token or revocation request names, in all places where the library would take one from
 * (RFC 6749 §2.3.1; RFC 7521 §4.2: it may be left out beside an assertion).
 */
export function namedClients(form: URLSearchParams, authorization: string | null): NamedClients {
  const named = form.getAll('client_id').filter((id) => id !== '')
  const basic = readBasic(authorization)
  const asserted = form
    .getAll('client_assertion')
    .filter((assertion) => assertion !== '')
    .map(assertedClient)
  if (basic === 'unreadable' || asserted.includes(null)) return null
  return [...named, ...(basic === null ? [] : [basic.id]), ...asserted.filter((id) => id !== null)]
}

export interface BasicCredentials {
  id: string
  secret: string
}

/** Credentials of the Basic scheme; null for another scheme. */
export function readBasic(authorization: string | null): BasicCredentials | 'unreadable' | null {
  const [scheme = '', credentials, ...more] = (authorization ?? '').trim().split(/[ \t]+/)
  if (scheme.toLowerCase() !== 'basic') return null
  if (credentials === undefined || more.length > 0) return 'unreadable'
  try {
    const [, id, secret] = /^([^:]+):(.*)$/s.exec(atob(credentials)) ?? []
    if (id === undefined || secret === undefined) return 'unreadable'
    return { id: formDecoded(id), secret: formDecoded(secret) }
  } catch {
    return 'unreadable'
  }
}

/** The same credentials, normalized, so that no later reader can disagree. */
export const basicHeader = ({ id, secret }: BasicCredentials): string =>
  `Basic ${btoa(`${encodeURIComponent(id)}:${encodeURIComponent(secret)}`)}`

const formDecoded = (text: string): string => decodeURIComponent(text.replaceAll('+', ' '))

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
