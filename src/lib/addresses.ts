/** Whether a host name, as URL.hostname gives it, is this machine (RFC 6761 §6.3, RFC 1122 §3.2.1.3, RFC 4291 §2.5.3). */
export const isLoopbackHost = (hostname: string): boolean =>
  hostname === 'localhost' || hostname === '[::1]' || /^127(?:\.\d{1,3}){3}$/.test(hostname)

/**
 * An https URL that names a document: with a path, without credentials or a fragment. It is compared letter by letter,
 * so only the spelling of the URL parser is accepted.
 */
export function isExactDocumentUrl(text: string): boolean {
  if (!URL.canParse(text)) return false
  const { href, protocol, username, password, pathname, hash } = new URL(text)
  const isPlain = username === '' && password === '' && hash === '' && pathname !== '/'
  return href === text && protocol === 'https:' && isPlain
}

/** A host, with its port unless that is 443. The URL parser accepts `*` in a host; patterns are not supported. */
export const isExactHost = (text: string): boolean =>
  !text.includes('*') && URL.canParse(`https://${text}`) && new URL(`https://${text}`).host === text

/** The network of the client. Cloudflare sets this header on every request and overwrites what a client sent. */
export const networkOf = (request: Request): string => addressPrefix(request.headers.get('CF-Connecting-IP'))

const V4 = /^(\d{1,3})\.(\d{1,3})\.(\d{1,3})\.\d{1,3}$/
const GROUP = /^[0-9a-f]{1,4}$/i

const UNKNOWN = 'unknown'

/**
 * The network of an address, as `192.0.2.0/24` or `2001:db8:1::/48`: it identifies an owner, not a user. All invalid
 * addresses share one network.
 */
export function addressPrefix(address: string | null): string {
  const given = (address ?? '').trim()
  // RFC 4291 §2.5.5.2: the same host as by IPv4.
  const [, ...v4] = V4.exec(given.replace(/^::ffff:/i, '')) ?? []
  if (v4.length > 0) return `${v4.map(Number).join('.')}.0/24`
  const [head = '', tail, ...more] = given.split('::')
  const [first, last] = [groupsOf(head), groupsOf(tail ?? '')]
  const left = 8 - first.length - last.length
  if (more.length > 0 || (tail === undefined ? left !== 0 : left < 1)) return UNKNOWN
  const groups = [...first, ...Array.from({ length: left }, () => '0'), ...last]
  if (!groups.every((group) => GROUP.test(group))) return UNKNOWN
  const prefix = groups.slice(0, 3).map((group) => Number.parseInt(group, 16).toString(16))
  return `${prefix.join(':')}::/48`
}

const groupsOf = (text: string): string[] => (text === '' ? [] : text.split(':'))
