/** The largest body PingOne reads (its limit at /par is 1 MB). */
const maxBytes = 1_000_000

/** What was asked: the query of a GET, the form of a POST, never a mix. Undefined means a body we do not read. */
export async function readParameters(request: Request, url: URL): Promise<URLSearchParams | undefined> {
  if (request.method !== 'POST') return url.searchParams
  const type = (request.headers.get('content-type') ?? '').split(';')[0]?.trim().toLowerCase()
  const body = await readText(request)
  if (body.length > maxBytes) return undefined
  if (body === '') return new URLSearchParams()
  return type === 'application/x-www-form-urlencoded' ? new URLSearchParams(body) : undefined
}

/** A body as text. Not by `text()`, which warns of every body that is not called text. */
export const readText = async (request: Request): Promise<string> =>
  new TextDecoder().decode(await request.arrayBuffer())

/** One value; a parameter without a value counts as not sent (RFC 6749 §3.1). */
export function one(parameters: URLSearchParams, name: string): string | undefined {
  const value = parameters.get(name)
  return value === null || value === '' ? undefined : value
}

/** The name of a parameter that was sent twice, which RFC 6749 §3.1 forbids. */
export function repeated(parameters: URLSearchParams, allowed: readonly string[] = []): string | undefined {
  const seen = new Set<string>()
  for (const name of parameters.keys()) {
    if (seen.has(name) && !allowed.includes(name)) return name
    seen.add(name)
  }
  return undefined
}

/** The words of a space-separated list, each once. */
export const words = (text: string | undefined): string[] => [
  ...new Set((text ?? '').split(' ').filter((word) => word !== '')),
]
