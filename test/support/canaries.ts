import { randomUUID } from 'node:crypto'

/** Something that must not be seen in some places, and what it is, so that a hit says what leaked. */
export interface Canary {
  readonly kind: string
  readonly value: string
}

/** A place that was searched, with all that is in it. */
export interface Place {
  readonly name: string
  readonly text: string
}

// Shorter ones turn up by chance.
const LEAST_CHARACTERS = 8

/** How a value may be written: as it is, in a URL, in JSON, on a page, in base64 (whatever stands before it), in hex. */
export function formsOf(value: string): readonly string[] {
  // RFC 6749 §2.3.1 has a client secret encoded before it is put into base64, and more strictly than URLs need.
  const strict = encodeURIComponent(value).replaceAll(
    /[-_.!~*'()]/g,
    (sign) => `%${sign.charCodeAt(0).toString(16).toUpperCase()}`,
  )
  const json = JSON.stringify(value).slice(1, -1)
  const html = value.replaceAll('&', '&amp;').replaceAll('"', '&quot;')
  const hex = Buffer.from(value).toString('hex')
  const start = value.startsWith(MARK) ? [value.slice(0, MARK_CHARACTERS)] : []
  const plain = [value, ...start, encodeURIComponent(value), strict, json, html, hex]
  return [...new Set([...plain, ...base64FormsOf(value), ...base64FormsOf(strict)])]
}

/** In base64 a value looks different by how many bytes are before it. */
const base64FormsOf = (value: string): readonly string[] =>
  [0, 2, 3].flatMap((cut, before) => {
    const bytes = Buffer.concat([Buffer.alloc(before), Buffer.from(value)])
    // The first and the last character are not of this value alone.
    const inner = bytes.toString('base64').replaceAll('=', '').slice(cut, -1)
    return [inner, inner.replaceAll('+', '-').replaceAll('/', '_')]
  })

/** What of the canaries is in the places: kinds and places, never values, which may be real secrets. */
export function findCanaries(canaries: readonly Canary[], places: readonly Place[]): string[] {
  const known = new Map(canaries.map(({ kind, value }) => [`${kind} ${value}`, { kind, value }]))
  const hits = [...known.values()].flatMap(({ kind, value }) =>
    places
      .filter(({ text }) => formsOf(value).some((form) => text.includes(form)))
      .map(({ name }) => `${kind} in ${name}`),
  )
  return [...new Set(hits)].toSorted()
}

export const canariesOf = (kind: string, values: readonly (string | null | undefined)[]): readonly Canary[] =>
  values
    .filter((value) => value != null)
    .filter((value) => value.length >= LEAST_CHARACTERS)
    .map((value) => ({ kind, value }))

/** A JWT, its parts, also one that was cut, and the claims that nobody outside should see. */
export function canariesOfToken(kind: string, token: string): readonly Canary[] {
  const [, payload = '', signature = ''] = token.split('.')
  const claims: unknown = JSON.parse(Buffer.from(payload, 'base64url').toString())
  const named = ['sid', 'jti', 'sub', 'email'].flatMap((name) => {
    const value: unknown =
      typeof claims === 'object' && claims !== null ? Reflect.get(claims, name) : undefined
    return canariesOf(`${kind} ${name}`, [typeof value === 'string' ? value : undefined])
  })
  const pieces = [payload, signature].flatMap((part) => [part.slice(0, 32), part.slice(-32)])
  return [...canariesOf(kind, [token, payload, signature, ...pieces]), ...named]
}

/** The private parts of a JWK (RFC 7518 §6.3.2), each also cut. */
export const canariesOfPrivateKey = (kind: string, jwk: Readonly<Record<string, unknown>>) =>
  ['d', 'p', 'q', 'dp', 'dq', 'qi'].flatMap((name) => {
    const value = jwk[name]
    if (typeof value !== 'string') throw new Error(`the key has no ${name}`)
    return canariesOf(kind, [value, value.slice(0, 32), value.slice(-32)])
  })

const MARK = 'CANARY'
const MARK_CHARACTERS = MARK.length + 32

/** A recognisable value for a place of its own. It begins so that a shortened or stripped one is found as well. */
export const newCanary = (where: string): Canary => ({
  kind: where,
  value: `${MARK}${randomUUID().replaceAll('-', '')}-${where.replaceAll(' ', '-')}`,
})
