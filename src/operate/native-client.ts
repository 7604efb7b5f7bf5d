import { sha256Hex } from '#lib/hash.ts'

/** The one client of the sign-in for the command line: built in, public, and on this computer (RFC 8252 §7.3). */
export const OPERATE_CLIENT = 'operate-cli'

export const AUTHORIZE_PATH = '/operate/authorize'
export const TOKEN_PATH = '/operate/token'

const REDIRECT = /^http:\/\/127\.0\.0\.1:([1-9]\d{0,4})\/operate$/

/** `http://127.0.0.1:<port>/operate`, letter by letter. */
export const isLoopbackRedirect = (text: string): boolean => Number(REDIRECT.exec(text)?.[1]) <= 65_535

// Without vowels and without letters that look alike.
const LETTERS = 'BCDFGHJKLMNPQRSTVWXZ'
const CODE_LETTERS = 8

/**
 * The code that page and terminal both show, e.g. `BDFH-KLMN`. It derives from the code challenge, so an operator sees
 * whether the page belongs to the command that they have just run.
 */
export async function checkCodeOf(codeChallenge: string): Promise<string> {
  const hash = BigInt(`0x${await sha256Hex(`operate-check-code\n${codeChallenge}`)}`)
  const base = BigInt(LETTERS.length)
  const letters = Array.from(
    { length: CODE_LETTERS },
    (_, at) => LETTERS[Number((hash / base ** BigInt(at)) % base)],
  )
  return `${letters.slice(0, 4).join('')}-${letters.slice(4).join('')}`
}
