import { boundedText } from '#lib/bounded-text.ts'

/** Redirect URIs for the log: scheme and host only, because the rest may hold a secret. */
export const redirectPlaces = (uris: readonly string[]): string[] =>
  uris.slice(0, 10).map((uri) => {
    if (!URL.canParse(uri)) return 'not a URI'
    const { protocol, host } = new URL(uri)
    return boundedText(`${protocol}//${host}`, 200)
  })

// RFC 8252 §7.3, matched as text: a URL parser would normalize other spellings to these.
const LOOPBACK = /^(http:\/\/(?:localhost|127(?:\.\d{1,3}){3}|\[::1\]))(?::\d{1,5})?((?:[/?].*)?)$/s

export const isLoopbackRedirect = (uri: string): boolean => LOOPBACK.test(uri)

/**
 * Compares byte for byte (RFC 9700 §2.1), except for the port of a loopback address. The library compares parsed URLs
 * instead, and so accepts `http://0x7f000001` for `http://127.0.0.1`.
 */
export function isSameRedirect(registered: string, requested: string): boolean {
  if (registered === requested) return true
  const [one, other] = [LOOPBACK.exec(registered), LOOPBACK.exec(requested)]
  return one !== null && other !== null && one[1] === other[1] && one[2] === other[2]
}

/** The parameters of an authorization response (RFC 6749 §4.1.2, RFC 9207 §2). */
const ANSWER = ['code', 'state', 'iss', 'error', 'error_description', 'error_uri'] as const
type Answer = Partial<Record<(typeof ANSWER)[number], string | undefined>>
const ANSWERS: ReadonlySet<string> = new Set(ANSWER)
const isOfAnswer = (pair: string) => [...new URLSearchParams(pair).keys()].some((name) => ANSWERS.has(name))

/**
 * Adds a response to a redirect URI. Its own query stays byte for byte as registered (RFC 6749 §3.1.2): the library would
 * encode it again. Parameters with the names of a response are removed.
 */
export function redirectWith(redirectUri: string, answer: Answer): string {
  const [place = '', ...rest] = redirectUri.split('?')
  const kept = rest
    .join('?')
    .split('&')
    .filter((pair) => pair === '' || !isOfAnswer(pair))
  const given = ANSWER.flatMap((name) => {
    const value = answer[name] ?? ''
    return value === '' ? [] : [[name, value]]
  })
  const query = [
    ...(kept.length === 1 && kept[0] === '' ? [] : kept),
    new URLSearchParams(given).toString(),
  ].join('&')
  const uri = `${place}?${query}`
  // A header allows only these characters. A browser encodes others as the URL parser does.
  return /^[\x21-\x7e]+$/.test(uri) ? uri : new URL(uri).href
}

interface ClientRequest {
  redirectUri: string
  state?: string | undefined
  issuer?: string | undefined
}

/** A redirect that brings an error to the client (RFC 6749 §4.1.2.1). */
export const errorRedirect = (
  { redirectUri, state, issuer: iss }: ClientRequest,
  error: string,
  error_description: string,
): string => redirectWith(redirectUri, { error, error_description, state, iss })
