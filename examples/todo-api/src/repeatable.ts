import { no, ok, type Result } from './result.ts'
import type { Change } from './todo.ts'

/** A write that may be sent again: under which key, and what it was, so that a key serves one request only. */
export type Repeatable = { readonly key: string; readonly request: string }

/**
 * The Idempotency-Key of a write, if it has one (draft-ietf-httpapi-idempotency-key-header §2). The draft wants
 * a quoted string, most callers send it bare: the quotes are taken as part of the key.
 */
export async function readRepeatable(
  header: string | undefined,
  change: Change,
): Promise<Result<Repeatable | undefined>> {
  if (header === undefined) return ok(undefined)
  if (!/^[\x21-\x7e]{1,255}$/.test(header)) return no({ reason: 'idempotency_key_malformed' })
  return ok({ key: header, request: await sha256(JSON.stringify(change)) })
}

export async function sha256(text: string): Promise<string> {
  const digest = await crypto.subtle.digest('SHA-256', new TextEncoder().encode(text))
  return Array.from(new Uint8Array(digest), (byte) => byte.toString(16).padStart(2, '0')).join('')
}
