import { boundedText, cleanText } from './bounded-text.ts'

/** More than is ever shown; the rest is dropped unread. */
const MAX_LOOKED_AT = 8000

// Each expression is linear: no attempt rereads what an earlier attempt of the same expression has read.
/** Letters that need no `%`: the same address without it (RFC 3986 §6.2.2.2), also where it was encoded again. */
const NEEDLESS = /%(?:25)*(2d|2e|5f|7e|3\d|[46][1-9a-f]|[57][\da])/gi
/** The credentials after an authentication scheme. */
const CREDENTIALS = /\b(Bearer|Basic|DPoP)\s+[^\s"',;]+/gi
/** The query of a URL, encoded or not, and a fragment with parameters: both carry codes and tokens. */
const QUERY = /(?:\?|%(?:25)*3F)[^\s"'<>]+/gi
const PARAMETERS = /(?:#|%(?:25)*23)[^\s"'<>#=%]*(?:=|%(?:25)*3D)[^\s"'<>]*/gi
/** Values of parameters with such a name, also in a query whose beginning is cut off. */
const NAMED =
  /(?<=^|\W|%(?:25)*[\da-f]{2})(code|state|nonce|handle|csrf|password|(?:\w*_)?(?:token|secret|verifier|assertion|hint))(?:=|%(?:25)*3D)[^\s"'<>&]+/gi
/** E-mail addresses, and user and password before a host. */
const ADDRESS = /[^\s@/<>"'%]{1,100}(?:@|%(?:25)*40)[^\s@/<>"']+/gi
/** Words of the alphabet of tokens, ids and hashes. */
const WORD = /[A-Za-z0-9_-]+(?:\.[A-Za-z0-9_-]*)*/g

/** Ids of users: `<name>.<key id>.<mac>`. All our codes and tokens, step-up links and cookies of pages begin with one. */
const USER_ID = /^[A-Za-z0-9_-]{22}\.[A-Za-z0-9]{1,16}\.[A-Za-z0-9_-]{43}$/
/** A user id with its suffix; the remainder of a truncated secret is still secret. */
const OURS = /[A-Za-z0-9_-]{22}\.[A-Za-z0-9]{1,16}\.[A-Za-z0-9_-]{43}(?:(?:[:~]|%(?:25)*3A)[A-Za-z0-9_-]*)+/gi
const MIN_SECRET_CHARACTERS = 32

const SECRET = '[secret]'

/**
 * Removes secrets from a text for the log. It recognizes what this server issues (codes, access and refresh tokens, ids
 * of users, sessions and step-ups, handles, states), JWTs, credentials, queries and e-mail addresses. Ids that grant
 * nothing stay: of grants, clients, calls and transactions (UUIDs).
 */
export function withoutSecrets(text: string): string {
  let shown = text.includes('%') ? text.replaceAll(NEEDLESS, plain) : text
  // Fast path: most log lines cannot contain a secret.
  if (/\s/.test(text)) shown = shown.replaceAll(CREDENTIALS, `$1 ${SECRET}`)
  if (/[?#@%]/.test(text))
    shown = shown
      .replaceAll(QUERY, '?[query]')
      .replaceAll(PARAMETERS, '#[query]')
      .replaceAll(ADDRESS, '[address]')
  if (/=|%(?:25)*3D/i.test(shown)) shown = shown.replaceAll(NAMED, `$1=${SECRET}`)
  if (shown.length < MIN_SECRET_CHARACTERS) return shown
  return shown.replaceAll(OURS, SECRET).replaceAll(WORD, shownWord)
}

/** Whether a text holds a token, code or link of this server, or a JWT, such as a token of PingOne. */
export const holdsToken = (text: string): boolean =>
  text.match(WORD)?.some((word) => USER_ID.test(word) || isJwt(word)) === true

const isJwt = (word: string): boolean => word.includes('eyJ') && word.includes('.')

const plain = (_encoded: string, hex: string): string => String.fromCharCode(Number.parseInt(hex, 16))

function shownWord(word: string): string {
  if (USER_ID.test(word) || isJwt(word)) return SECRET
  if (word.length < MIN_SECRET_CHARACTERS) return word
  return word
    .split('.')
    .map((part) => (isRandom(part) ? SECRET : part))
    .join('.')
}

/** Base64url mixes cases; hex has only hex digits. Names of settings, error codes, hosts and UUIDs match neither. */
const isRandom = (part: string): boolean =>
  part.length >= MIN_SECRET_CHARACTERS &&
  (/[0-9a-f]{32}/i.test(part) || (/[a-z]/.test(part) && /[A-Z]/.test(part)))

/**
 * Truncates a text at the end of a word: half a secret is not recognized as one.
 */
export function wholeWords(text: string, maxCharacters: number): string {
  if (text.length < maxCharacters) return text
  let end = maxCharacters
  while (end > 0 && /[\w.:~%-]/.test(text.charAt(end - 1))) end -= 1
  return `${text.slice(0, end)}…`
}

/** Untrusted text for the log: cleaned, without secrets, short, on one line. */
export const redacted = (text: string, maxCharacters = 300): string =>
  boundedText(withoutSecrets(cleanText(wholeWords(text, MAX_LOOKED_AT))), maxCharacters)

/**
 * An OAuth error code (RFC 6749 §4.1.2.1, §5.2) for the log, or `not a code`. Longer texts are not shortened: an
 * attacker may have chosen them.
 */
export const loggedErrorCode = (code: string): string =>
  /^[A-Za-z_]{1,40}$/.test(code) ? code : 'not a code'
