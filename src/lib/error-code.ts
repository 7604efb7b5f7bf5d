/**
 * An error code of RFC 6749 §4.1.2.1 or §5.2 for our log: the word as it stands, or that it is none. What is left of a
 * longer text without its signs is still that text, and whoever can make PingOne fail chose it.
 */
export const loggedErrorCode = (code: string): string =>
  /^[A-Za-z_]{1,40}$/.test(code) ? code : 'not a code'
