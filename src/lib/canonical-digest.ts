import { toBase64Url } from './base64url.ts'

/** SHA-256, base64url, over JSON whose object members are sorted: equal for equal values, however written. */
export async function canonicalDigest(value: unknown): Promise<string> {
  const bytes = new TextEncoder().encode(JSON.stringify(sorted(value)) ?? 'null')
  return toBase64Url(await crypto.subtle.digest('SHA-256', bytes))
}

function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted)
  if (typeof value !== 'object' || value === null) return value
  const members = Object.entries(value).toSorted(([a], [b]) => (a < b ? -1 : 1))
  return Object.fromEntries(members.map(([name, member]) => [name, sorted(member)]))
}
