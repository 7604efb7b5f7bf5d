/**
 * Stores cookies as a browser does: by host without port (RFC 6265 §8.5), so that servers on several localhost ports
 * share them. Accepts Secure cookies on http://localhost, as Chromium and Firefox do. Ignores SameSite, because all
 * origins of a local run are one site.
 */
interface Cookie {
  readonly name: string
  readonly value: string
  readonly host: string
  readonly path: string
  readonly isSecure: boolean
  readonly expiresAtMs: number
}

const isTrustworthy = ({ protocol, hostname }: URL): boolean =>
  protocol === 'https:' || hostname === 'localhost' || hostname === '127.0.0.1' || hostname === '[::1]'

export class CookieJar {
  readonly #cookies = new Map<string, Cookie>()

  /** Stores the cookies of a response and refuses what a browser would refuse. */
  store(url: URL, headers: Headers): void {
    for (const line of headers.getSetCookie()) {
      const cookie = readCookie(url, line)
      if (cookie === undefined) continue
      const key = `${cookie.host} ${cookie.path} ${cookie.name}`
      if (cookie.expiresAtMs <= Date.now()) this.#cookies.delete(key)
      else this.#cookies.set(key, cookie)
    }
  }

  /** The Cookie header for a request, longest path first (RFC 6265 §5.4). */
  header(url: URL): string {
    return this.#matching(url)
      .toSorted((a, b) => b.path.length - a.path.length)
      .map(({ name, value }) => `${name}=${value}`)
      .join('; ')
  }

  names(url: URL): readonly string[] {
    return this.#matching(url).map(({ name }) => name)
  }

  clear(): void {
    this.#cookies.clear()
  }

  #matching(url: URL): Cookie[] {
    return [...this.#cookies.values()].filter(
      ({ host, path, isSecure, expiresAtMs }) =>
        host === url.hostname &&
        expiresAtMs > Date.now() &&
        (!isSecure || isTrustworthy(url)) &&
        (url.pathname === path || url.pathname.startsWith(path.endsWith('/') ? path : `${path}/`)),
    )
  }
}

function readCookie(url: URL, line: string): Cookie | undefined {
  const [pair = '', ...rest] = line.split(';').map((part) => part.trim())
  const separator = pair.indexOf('=')
  if (separator < 1) return undefined
  const attributes = new Map(
    rest.map((part): [string, string] => {
      const [name = '', ...value] = part.split('=')
      return [name.toLowerCase(), value.join('=')]
    }),
  )
  const name = pair.slice(0, separator)
  const isSecure = attributes.has('secure')
  const given = attributes.get('path')
  const path = given?.startsWith('/') === true ? given : defaultPath(url)
  const domain = attributes.get('domain')?.replace(/^\./, '')
  const isHostOnly = domain === undefined || domain === ''
  if (!isHostOnly && domain !== url.hostname) return undefined
  if (isSecure && !isTrustworthy(url)) return undefined
  // RFC 6265bis §4.1.3: a cookie that violates its name prefix is dropped.
  if (name.startsWith('__Secure-') && !isSecure) return undefined
  if (name.startsWith('__Host-') && !(isSecure && isHostOnly && given === '/')) return undefined
  const value = pair.slice(separator + 1)
  return { name, value, host: url.hostname, path, isSecure, expiresAtMs: readExpiry(attributes) }
}

function readExpiry(attributes: ReadonlyMap<string, string>): number {
  const maxAgeSeconds = Number(attributes.get('max-age') ?? Number.NaN)
  if (!Number.isNaN(maxAgeSeconds)) return Date.now() + maxAgeSeconds * 1000
  const expiresMs = Date.parse(attributes.get('expires') ?? '')
  return Number.isNaN(expiresMs) ? Number.POSITIVE_INFINITY : expiresMs
}

// RFC 6265 §5.1.4
const defaultPath = ({ pathname }: URL): string => pathname.slice(0, Math.max(1, pathname.lastIndexOf('/')))
