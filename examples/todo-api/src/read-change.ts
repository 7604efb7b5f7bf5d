import type { Context } from 'hono'
import type { z } from 'zod'

import { readBounded } from './read-bounded.ts'
import { no, ok, type Result } from './result.ts'
import { Addition, Completion, TodoId, type Change } from './todo.ts'

const MAX_BODY_BYTES = 16 * 1024

/** What one request wants changed, read from its path and body. */
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
  return id.success ? ok(id.data) : no({ reason: 'todo_unknown' })
}

async function readBody<T>(request: Request, schema: z.ZodType<T>): Promise<Result<T>> {
  // Left unread where its length gives it away: a sender that is cut off midway may not see the answer.
  const tooLarge = Number(request.headers.get('Content-Length')) > MAX_BODY_BYTES
  const bytes = tooLarge ? undefined : await readBounded(request.body, MAX_BODY_BYTES)
  if (bytes === undefined) return no({ reason: 'body_too_large' })
  const json = parseJson(bytes)
  if (!json.ok) return json
  const read = schema.safeParse(json.value)
  if (read.success) return ok(read.data)
  return no({ reason: 'fields_invalid', fields: read.error.issues.map(fieldProblem) })
}

function parseJson(bytes: Uint8Array): Result<unknown> {
  try {
    return ok(JSON.parse(new TextDecoder('utf-8', { fatal: true, ignoreBOM: false }).decode(bytes)))
  } catch {
    // What the parser says would quote the body, which does not belong into an answer or a log.
    return no({ reason: 'body_not_json' })
  }
}

// Only names of our own schema and sentences of ours get out: names of unknown fields are the caller's text.
function fieldProblem({ code, path, message }: z.core.$ZodIssue) {
  if (code === 'unrecognized_keys')
    return { pointer: '#', detail: 'has fields that this route does not take' }
  if (path.length === 0) return { pointer: '#', detail: 'must be an object' }
  return { pointer: `#/${path.join('/')}`, detail: message }
}
