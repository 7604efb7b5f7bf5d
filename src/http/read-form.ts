import { readBody } from './bounded-body.ts'

const LIMIT = { type: 'application/x-www-form-urlencoded', maxBytes: 16 * 1024 } as const

/** The text fields of a form; a file is nothing that any of our forms sends. */
export interface FormText {
  one(name: string): string | null
  all(name: string): string[]
}

/** Reads one of our own forms, bounded; null for what none of them could have sent. */
export async function readForm(request: Request): Promise<FormText | null> {
  const body = await readBody(request, LIMIT)
  if (!body.ok) return null
  const form = new URLSearchParams(new TextDecoder().decode(body.value))
  return { one: (name) => form.get(name), all: (name) => form.getAll(name) }
}

/**
 * Whether a form came from a page of ours. The consent helpers bind it to the browser; this closes what another
 * site can still do with a browser that is bound (Fetch Metadata; RFC 6454 §7). Old browsers send neither header.
 */
export function isFromOurPage(request: Request, publicOrigin: string): boolean {
  const origin = request.headers.get('Origin')
  const site = request.headers.get('Sec-Fetch-Site')
  return (origin === null || origin === publicOrigin) && (site === null || site === 'same-origin')
}
