import { type BodyReader, readUpTo } from '#lib/bounded-fetch.ts'
import { err, ok, type Result } from '#lib/result.ts'

/** The media type and size that a route accepts. */
export interface BodyLimit {
  type: 'application/x-www-form-urlencoded' | 'application/json'
  maxBytes: number
}

/** Why a body was rejected. The rest of it is discarded then. */
export type BodyDenial = 'type' | 'size'

/**
 * The only way to read a request's body. Rejects another media type, or a declared length above the limit, without
 * reading it. Counts an undeclared length while reading.
 */
export async function readBody(
  request: Request,
  { type, maxBytes }: BodyLimit,
): Promise<Result<Uint8Array<ArrayBuffer>, BodyDenial>> {
  const [given = ''] = (request.headers.get('Content-Type') ?? '').split(';')
  if (given.trim().toLowerCase() !== type) return reject(request, 'type')
  if (declaredBytes(request) > maxBytes) return reject(request, 'size')
  if (request.body === null) return ok(new Uint8Array())
  const reader = request.body.getReader()
  const bytes = await readUpTo(reader, maxBytes)
  if (bytes !== null) return ok(bytes)
  await discardRest(reader)
  return err('size')
}

const declaredBytes = ({ headers }: Request): number => Number(headers.get('Content-Length') ?? '0')

async function reject(request: Request, denial: BodyDenial) {
  await discardBody(request)
  return err(denial)
}

/** The part of a refused body that is read and dropped. */
const DISCARDED = { bytes: 1024 * 1024, ms: 5_000 } as const

/**
 * Reads and drops an unread body before the answer is sent, within bounds, then cancels it. A runtime closes the
 * connection when it answers a request whose body it has not read, and a client that still sends may lose the answer.
 * A body that is declared longer than the bound is cancelled unread.
 */
export async function discardBody(request: Request): Promise<void> {
  const { body, bodyUsed } = request
  // A locked body has another reader.
  if (body === null || bodyUsed || body.locked) return
  if (declaredBytes(request) > DISCARDED.bytes) await body.cancel()
  else await discardRest(body.getReader())
}

/** Ends at the end of the body, or at the first bound: a slow sender holds the connection no longer. */
export async function discardRest(
  reader: BodyReader,
  bounds: { bytes: number; ms: number } = DISCARDED,
): Promise<void> {
  // Cancelling ends a read that waits.
  const timer = setTimeout(() => void reader.cancel().catch(() => undefined), bounds.ms)
  try {
    for (let bytes = 0; bytes <= bounds.bytes;) {
      const read = await reader.read()
      if (read.done) return
      bytes += read.value.byteLength
    }
    await reader.cancel()
  } catch {
    // The sender went away, or was too slow.
  } finally {
    clearTimeout(timer)
  }
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
