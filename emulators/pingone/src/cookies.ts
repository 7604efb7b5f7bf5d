/**
 * Cookies know hosts, not ports: every program on `localhost` sees the others'. So ours have a prefix of their
 * own and stay under the environment's path. Not Secure, because the emulator is plain http on loopback.
 */
const prefix = 'standin_'

/** The value of one of our cookies, or undefined. */
export function readCookie(request: Request, name: string): string | undefined {
  const pairs = (request.headers.get('cookie') ?? '').split(';').map((pair) => pair.trim())
  const pair = pairs.find((candidate) => candidate.startsWith(`${prefix}${name}=`))
  return pair?.slice(prefix.length + name.length + 1)
}

/** A cookie for the life of the browser. */
export const setCookie = (name: string, value: string, path: string): string =>
  `${prefix}${name}=${value}; Path=${path}; HttpOnly; SameSite=Lax`

/** The same cookie, taken away. */
export const dropCookie = (name: string, path: string): string => `${setCookie(name, '', path)}; Max-Age=0`
