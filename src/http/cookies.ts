/**
 * A cookie of our own pages. With the prefix `__Host-`, browsers reject it from another host or without Secure
 * (RFC 6265bis §4.1.3.2); Chromium and Firefox accept it from http://localhost. SameSite=Lax and not Strict, because
 * the user returns from PingOne by a cross-site redirect.
 */
export function ownCookie(name: `__Host-${string}`, value: string, maxAgeSeconds: number | null): string {
  const life = maxAgeSeconds === null ? '' : `; Max-Age=${maxAgeSeconds}`
  return `${name}=${value}; Path=/${life}; Secure; HttpOnly; SameSite=Lax`
}

export const droppedCookie = (name: `__Host-${string}`): string => ownCookie(name, '', 0)

/** The value of a cookie; null if it is missing or repeated, because either of two could be forged. */
export function readCookie(request: Request, name: string): string | null {
  const pairs = (request.headers.get('Cookie') ?? '').split(';').map((pair) => pair.trim())
  const [value, ...others] = pairs.flatMap((pair) =>
    pair.startsWith(`${name}=`) ? [pair.slice(name.length + 1)] : [],
  )
  return value === undefined || others.length > 0 ? null : value
}
