import { randomUUID } from 'node:crypto'

/** A value that must not appear in some places, with a label that says what leaked. */
export interface Canary {
  readonly kind: string
  readonly value: string
}

/** A searched place and its content. */
export interface Place {
  readonly name: string
  readonly text: string
}

// Shorter values match by chance.
const LEAST_CHARACTERS = 8

/** The encodings of a value: plain, URL, JSON, HTML, base64 (at any offset), hex. */
function formsOf(value: string): readonly string[] {
  // RFC 6749 §2.3.1 encodes a client secret before base64, more strictly than URLs need.
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

/** Base64 of a value depends on the number of bytes before it. */
const base64FormsOf = (value: string): readonly string[] =>
  [0, 2, 3].flatMap((cut, before) => {
    const bytes = Buffer.concat([Buffer.alloc(before), Buffer.from(value)])
    // The first and last characters also depend on the neighbouring bytes.
    const inner = bytes.toString('base64').replaceAll('=', '').slice(cut, -1)
    return [inner, inner.replaceAll('+', '-').replaceAll('/', '_')]
  })

/** Searches the places; reports labels and places, never values, which may be real secrets. */
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

/** A JWT, its parts (also truncated), and its confidential claims. */
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

/** The private parts of a JWK (RFC 7518 §6.3.2), each also truncated. */
export const canariesOfPrivateKey = (kind: string, jwk: Readonly<Record<string, unknown>>) =>
  ['d', 'p', 'q', 'dp', 'dq', 'qi'].flatMap((name) => {
    const value = jwk[name]
    if (typeof value !== 'string') throw new Error(`the key has no ${name}`)
    return canariesOf(kind, [value, value.slice(0, 32), value.slice(-32)])
  })

const MARK = 'CANARY'
const MARK_CHARACTERS = MARK.length + 32

/** A recognizable value for one place. Its start is distinctive, so a truncated value is found too. */
export const newCanary = (where: string): Canary => ({
  kind: where,
  value: `${MARK}${randomUUID().replaceAll('-', '')}-${where.replaceAll(' ', '-')}`,
})
