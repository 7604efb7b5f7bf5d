import { readBounded, TooLargeError } from '#lib/bounded-fetch.ts'
import { err, ok, type Result } from '#lib/result.ts'

/** The media type and size that a route accepts. */
export interface BodyLimit {
  type: 'application/x-www-form-urlencoded' | 'application/json'
  maxBytes: number
}

/** Why a body was rejected. The body is cancelled then. */
export type BodyDenial = 'type' | 'size'

/**
 * The only way to read a request's body. Rejects another media type, or a declared length above the limit, before it
 * reads a byte. Counts an undeclared length while reading.
 */
export async function readBody(
  request: Request,
  { type, maxBytes }: BodyLimit,
): Promise<Result<Uint8Array<ArrayBuffer>, BodyDenial>> {
  const [given = ''] = (request.headers.get('Content-Type') ?? '').split(';')
  if (given.trim().toLowerCase() !== type) return reject(request, 'type')
  if (Number(request.headers.get('Content-Length') ?? '0') > maxBytes) return reject(request, 'size')
  try {
    return ok(await readBounded(request.body, maxBytes))
  } catch (error) {
    if (error instanceof TooLargeError) return err('size')
    throw error
  }
}

/** Cancels an unread body, so that the sender stops. */
export async function cancelBody({ body, bodyUsed }: Request): Promise<void> {
  // A locked body has another reader.
  if (body !== null && !bodyUsed && !body.locked) await body.cancel()
}

async function reject(request: Request, denial: BodyDenial) {
  await cancelBody(request)
  return err(denial)
}

const FORM_LIMIT = { type: 'application/x-www-form-urlencoded', maxBytes: 16 * 1024 } as const

/** The text fields of a form. Our forms send no files. */
export interface FormText {
  one(name: string): string | null
  all(name: string): string[]
}

/** Reads a form of our pages; null for a body that none of them sends. */
export async function readForm(request: Request): Promise<FormText | null> {
  const body = await readBody(request, FORM_LIMIT)
  if (!body.ok) return null
  const form = new URLSearchParams(new TextDecoder().decode(body.value))
  return { one: (name) => form.get(name), all: (name) => form.getAll(name) }
}

/**
 * Whether one of our pages sent a form (Fetch Metadata; RFC 6454 §7): the consent helpers bind a form to a browser, and
 * this rejects other sites in that browser. Old browsers send neither header.
 */
export function isFromOurPage(request: Request, publicOrigin: string): boolean {
  const origin = request.headers.get('Origin')
  const site = request.headers.get('Sec-Fetch-Site')
  return (origin === null || origin === publicOrigin) && (site === null || site === 'same-origin')
}

/** Far above what clients send. It bounds what a login stores and what a redirect repeats. */
const MAX_QUERY_CHARACTERS = 16 * 1024

export const isQueryTooLong = (url: URL): boolean => url.search.length > MAX_QUERY_CHARACTERS

/** The first of these parameters that is repeated: OAuth forbids it (RFC 6749 §3.1). */
export const repeatedParameter = (url: URL, names: readonly string[]): string | undefined =>
  names.find((name) => url.searchParams.getAll(name).length > 1)
