const V4 = /^(\d{1,3})\.(\d{1,3})\.(\d{1,3})\.\d{1,3}$/
const GROUP = /^[0-9a-f]{1,4}$/i

const UNKNOWN = 'unknown'

/**
 * The network of an address, as `192.0.2.0/24` or `2001:db8:1::/48`: what one owner has, and nobody's address. Whatever
 * is no address is one network together.
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

/** Set by Cloudflare on every request, over what a client may have sent under this name; no other header is looked at. */
export const networkOf = (request: Request): string => addressPrefix(request.headers.get('CF-Connecting-IP'))
