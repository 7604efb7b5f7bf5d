import type { Context } from 'hono'
import type { z } from 'zod'
import { readBounded } from './read-bounded.ts'
import { deny, ok, type Result } from './denial.ts'
import { sha256 } from './todo-list.ts'
import { Addition, Completion, TodoId, type Change } from './todo.ts'

const MAX_BODY_BYTES = 16 * 1024

/** Reads the requested change from the path and the body. */
export type ReadChange = (c: Context) => Promise<Result<Change>>

export const readAddition: ReadChange = async (c) => {
  const body = await readBody(c.req.raw, Addition)
  return body.ok ? ok({ kind: 'add', text: body.value.todoText }) : body
}

export const readCompletion: ReadChange = async (c) => {
  const id = readId(c)
  if (!id.ok) return id
  const body = await readBody(c.req.raw, Completion)
  return body.ok ? ok({ kind: 'complete', id: id.value, completed: body.value.completed }) : body
}

export const readDeletion: ReadChange = async (c) => {
  const id = readId(c)
  return id.ok ? ok({ kind: 'delete', id: id.value }) : id
}

function readId(c: Context): Result<string> {
  const id = TodoId.safeParse(c.req.param('id'))
  return id.success ? ok(id.data) : deny({ reason: 'todo_unknown' })
}

async function readBody<T>(request: Request, schema: z.ZodType<T>): Promise<Result<T>> {
  // A body that declares too many bytes stays unread: a sender cut off midway may miss the answer.
  const tooLarge = Number(request.headers.get('Content-Length')) > MAX_BODY_BYTES
  const bytes = tooLarge ? undefined : await readBounded(request.body, MAX_BODY_BYTES)
  if (bytes === undefined) return deny({ reason: 'body_too_large' })
  const json = parseJson(bytes)
  if (!json.ok) return json
  const read = schema.safeParse(json.value)
  if (read.success) return ok(read.data)
  return deny({ reason: 'fields_invalid', fields: read.error.issues.map(fieldError) })
}

function parseJson(bytes: Uint8Array): Result<unknown> {
  try {
    return ok(JSON.parse(new TextDecoder('utf-8', { fatal: true, ignoreBOM: false }).decode(bytes)))
  } catch {
    // The parser's message quotes the body, so it goes neither into the answer nor into the log.
    return deny({ reason: 'body_not_json' })
  }
}

// Names of unknown fields are the caller's text, so they are not repeated.
function fieldError({ code, path, message }: z.core.$ZodIssue) {
  if (code === 'unrecognized_keys')
    return { pointer: '#', detail: 'has fields that this route does not take' }
  if (path.length === 0) return { pointer: '#', detail: 'must be an object' }
  return { pointer: `#/${path.join('/')}`, detail: message }
}

/** `request` is a hash of the change: a key belongs to one request. */
export type IdempotencyKey = { readonly key: string; readonly request: string }

/**
 * draft-ietf-httpapi-idempotency-key-header §2 requires a quoted string, but most callers send it bare: quotes
 * count as part of the key.
 */
export async function readIdempotencyKey(
  header: string | undefined,
  change: Change,
): Promise<Result<IdempotencyKey | undefined>> {
  if (header === undefined) return ok(undefined)
  if (!/^[\x21-\x7e]{1,255}$/.test(header)) return deny({ reason: 'idempotency_key_malformed' })
  return ok({ key: header, request: await sha256(JSON.stringify(change)) })
}
