import { boundedText } from './bounded-text.ts'

/** Longer than anything that is shown of it; what comes after is not looked at. */
const MAX_LOOKED_AT = 8000

// Each of these reads a text once: none can match what another attempt of its own has read before.
/** What follows an authentication scheme. */
const CREDENTIALS = /\b(Bearer|Basic|DPoP)\s+[^\s"',;]+/gi
/** The query of an address, encoded ones too, and a fragment that has parameters: codes and tokens stand there. */
const QUERY = /(?:\?|%(?:25)*3F)[^\s"'<>]+/gi
const PARAMETERS = /(?:#|%(?:25)*23)[^\s"'<>#=%]*(?:=|%(?:25)*3D)[^\s"'<>]*/gi
/** E-mail addresses, and user and password before a host. */
const ADDRESS = /[^\s@/<>"'%]{1,100}(?:@|%(?:25)*40)[^\s@/<>"']+/gi
/** Words of the characters that tokens, ids and hashes are made of. */
const WORD = /[A-Za-z0-9_-]+(?:\.[A-Za-z0-9_-]*)*/g

/** Ids of people: `<name>.<key id>.<mac>`. They begin every code and token of ours, and every step-up link. */
const PERSON_ID = /^[A-Za-z0-9_-]{22}\.[A-Za-z0-9]{1,16}\.[A-Za-z0-9_-]{43}$/
const MIN_SECRET_CHARACTERS = 32

const SECRET = '[secret]'

/**
 * Text for the log without what could be of use to somebody who reads it there: whatever a client, a person or another
 * system put in, into whatever field. It knows the grammar of what this server gives out (codes, access and refresh
 * tokens, ids of people, sessions and step-ups, handles and states), JWTs, credentials, queries and e-mail addresses. Ids
 * that open nothing stay: of grants, clients, calls and transactions (UUIDs).
 */
export function withoutSecrets(text: string): string {
  let shown = text
  // Every line of the log comes through here, and most of what it says can hold nothing of the kind.
  if (/\s/.test(text)) shown = shown.replaceAll(CREDENTIALS, `$1 ${SECRET}`)
  if (/[?#@%]/.test(text))
    shown = shown
      .replaceAll(QUERY, '?[query]')
      .replaceAll(PARAMETERS, '#[query]')
      .replaceAll(ADDRESS, '[address]')
  return text.length < MIN_SECRET_CHARACTERS ? shown : shown.replaceAll(WORD, shownWord)
}

function shownWord(word: string): string {
  if (PERSON_ID.test(word) || (word.includes('eyJ') && word.includes('.'))) return SECRET
  if (word.length < MIN_SECRET_CHARACTERS) return word
  return word
    .split('.')
    .map((part) => (isRandom(part) ? SECRET : part))
    .join('.')
}

/** Base64url mixes cases, hex has nothing but hex. Names of settings, error codes, hosts and UUIDs are neither. */
const isRandom = (part: string): boolean =>
  part.length >= MIN_SECRET_CHARACTERS &&
  (/[0-9a-f]{32}/i.test(part) || (/[a-z]/.test(part) && /[A-Z]/.test(part)))

/** Text of another system for our log: short, one line, without what looks like a secret. */
export const redacted = (text: string, maxCharacters = 300): string =>
  boundedText(withoutSecrets(text.slice(0, MAX_LOOKED_AT)), maxCharacters)
