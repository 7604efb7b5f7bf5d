/**
 * A cookie of our own pages. The prefix `__Host-` has the browser refuse it from any other host and without Secure
 * (RFC 6265bis §4.1.3.2), which Chromium and Firefox take from http://localhost too. Lax and not Strict: the user
 * comes back from PingOne by a link of another site.
 */
export function ownCookie(name: `__Host-${string}`, value: string, maxAgeSeconds: number | null): string {
  const life = maxAgeSeconds === null ? '' : `; Max-Age=${maxAgeSeconds}`
  return `${name}=${value}; Path=/${life}; Secure; HttpOnly; SameSite=Lax`
}

export const droppedCookie = (name: `__Host-${string}`): string => ownCookie(name, '', 0)

/** The value of a cookie that came once; of two of one name, nobody knows which one is ours. */
export function readCookie(request: Request, name: string): string | null {
  const pairs = (request.headers.get('Cookie') ?? '').split(';').map((pair) => pair.trim())
  const [value, ...others] = pairs.flatMap((pair) =>
    pair.startsWith(`${name}=`) ? [pair.slice(name.length + 1)] : [],
  )
  return value === undefined || others.length > 0 ? null : value
}
