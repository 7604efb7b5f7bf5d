import { boundedText } from '#lib/bounded-text.ts'

/** Redirect URIs for the log: scheme and host. What follows is the client's own, and may be a secret. */
export const redirectPlaces = (uris: readonly string[]): string[] =>
  uris.slice(0, 10).map((uri) => {
    if (!URL.canParse(uri)) return 'not a URI'
    const { protocol, host } = new URL(uri)
    return boundedText(`${protocol}//${host}`, 200)
  })

// RFC 8252 §7.3, compared as text: other spellings that a URL parser normalizes to these do not count.
const LOOPBACK = /^(http:\/\/(?:localhost|127(?:\.\d{1,3}){3}|\[::1\]))(?::\d{1,5})?((?:[/?].*)?)$/s

export const isLoopbackRedirect = (uri: string): boolean => LOOPBACK.test(uri)

/**
 * Compares byte for byte (RFC 9700 §2.1), except for the port of a loopback address. The library compares parsed URLs
 * instead, and so accepts `http://0x7f000001` for `http://127.0.0.1`.
 */
export function isSameRedirect(registered: string, requested: string): boolean {
  if (registered === requested) return true
  const [known, asked] = [LOOPBACK.exec(registered), LOOPBACK.exec(requested)]
  return known !== null && asked !== null && known[1] === asked[1] && known[2] === asked[2]
}

/** The parameters of an authorization response (RFC 6749 §4.1.2, RFC 9207 §2). */
const ANSWER = ['code', 'state', 'iss', 'error', 'error_description', 'error_uri'] as const
type Answer = Partial<Record<(typeof ANSWER)[number], string>>
const isOfAnswer = (pair: string) => [...new URLSearchParams(pair).keys()].some((name) => ANSWERS.has(name))
const ANSWERS: ReadonlySet<string> = new Set(ANSWER)

/**
 * A redirect URI with an answer in its query. Its own query stays as it was registered, letter by letter (RFC 6749
 * §3.1.2): the library would encode it again. Parameters with the names of our answer are removed.
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
  const home = `${place}?${query}`
  // A header allows no other characters; a browser encodes them in the same way.
  return /^[\x21-\x7e]+$/.test(home) ? home : new URL(home).href
}

/** An error on its way to a client (RFC 6749 §4.1.2.1). */
export const errorRedirect = (
  {
    redirectUri,
    state,
    issuer,
  }: { redirectUri: string; state?: string | undefined; issuer?: string | undefined },
  error: string,
  description: string,
): string =>
  redirectWith(redirectUri, {
    error,
    error_description: description,
    ...(state === undefined ? {} : { state }),
    ...(issuer === undefined ? {} : { iss: issuer }),
  })
