import { z } from 'zod'
import type { Connection } from '#catalog/define-product.ts'
import type { ApiCall } from '#catalog/tool-context.ts'
import type { ToolDenial } from '#catalog/tool-denial.ts'
import { boundedFetch } from '#lib/bounded-fetch.ts'
import { log } from '#lib/log.ts'
import { redacted } from '#lib/redacted.ts'
import { err, ok, type Result } from '#lib/result.ts'
import type { Secret } from '#lib/secret.ts'
import { traceHeaders } from '#lib/trace.ts'

/** Unlike `..`, an id has no meaning in a path. */
export const NOTE_ID = /^[A-Za-z0-9_-]{1,128}$/

const StoredNote = z.object({ id: z.string().regex(NOTE_ID), text: z.string() })
export type StoredNote = z.infer<typeof StoredNote>
/** `total`: how many notes there are, or how many fit the words. `next`: the id to continue after; null: no more. */
const Listed = z.object({
  notes: z.array(StoredNote),
  total: z.int().min(0),
  next: z.string().regex(NOTE_ID).nullable(),
})
export type Listed = z.infer<typeof Listed>
const Nothing = z.undefined()

/** What tools can do with the user's notes. */
export interface NoteStore {
  /** A page, newest first; with words, of notes that contain all of them. It begins behind the note `after`. */
  find(page: Page): Promise<Result<Listed, ToolDenial>>
  read(id: string): Promise<Result<StoredNote, ToolDenial>>
  add(text: string): Promise<Result<StoredNote, ToolDenial>>
  remove(id: string): Promise<Result<undefined, ToolDenial>>
}

interface Page {
  readonly limit: number
  readonly words?: string | undefined
  readonly after?: string | undefined
}

interface ApiRequest<T> {
  readonly method: 'GET' | 'POST' | 'DELETE'
  readonly path: string
  readonly body?: object
  readonly answer: z.ZodType<T>
  /** It names a note: 404 means that this note is gone. */
  readonly isOfNote?: boolean
}

/** The only function of the product that receives a token. Called once per tool call. */
export function connectNotes(api: Connection<unknown>, call: ApiCall): NoteStore {
  /** RFC 9110 §15.5.2: a 401 did nothing, so one retry with a renewed token is safe, for a write too. */
  async function ask<T>(request: ApiRequest<T>): Promise<Result<T, ToolDenial>> {
    const first = await send(api, call, call.token, request)
    if (first.ok || first.error.reason !== 'unauthorized') return first
    const renewed = await call.replaceToken(call.token)
    return renewed.ok ? send(api, call, renewed.value, request) : first
  }
  return {
    find({ limit, words, after }) {
      const query = new URLSearchParams({ limit: String(limit) })
      if (words !== undefined) query.set('q', words)
      if (after !== undefined) query.set('after', after)
      const path = `v1/notes?${query.toString()}`
      return ask({ method: 'GET', path, answer: Listed, isOfNote: after !== undefined })
    },
    read: async (id) =>
      NOTE_ID.test(id)
        ? ask({ method: 'GET', path: `v1/notes/${id}`, answer: StoredNote, isOfNote: true })
        : err({ reason: 'gone' }),
    add: (text) => ask({ method: 'POST', path: 'v1/notes', body: { text }, answer: StoredNote }),
    remove: async (id) =>
      NOTE_ID.test(id)
        ? ask({ method: 'DELETE', path: `v1/notes/${id}`, answer: Nothing, isOfNote: true })
        : err({ reason: 'gone' }),
  }
}

async function send<T>(
  api: Connection<unknown>,
  call: ApiCall,
  token: Secret,
  request: ApiRequest<T>,
): Promise<Result<T, ToolDenial>> {
  const { method, answer } = request
  const facts = { method, transaction: call.transaction }
  try {
    const limits = { deadlineMs: api.deadlineMs, maxBytes: 1_048_576 }
    const response = await boundedFetch(api.fetch, makeRequest(api, call, token, request), limits)
    const { status } = response
    if (!response.ok) {
      log.warn('api.refused', { ...facts, status })
      return err(readDenial(status, request))
    }
    const text = await response.text()
    const read = answer.safeParse(text === '' ? undefined : JSON.parse(text))
    return read.success ? ok(read.data) : err(noAnswer(method))
  } catch (error) {
    // A network fails in many ways without a common type. All mean: no answer.
    const detail = error instanceof Error ? redacted(`${error.name}: ${error.message}`) : 'not an error'
    log.warn('api.unanswered', { ...facts, detail })
    return err(noAnswer(method))
  }
}

function makeRequest<T>(
  api: Connection<unknown>,
  call: ApiCall,
  token: Secret,
  { method, path, body }: ApiRequest<T>,
): Request {
  const headers = new Headers({
    accept: 'application/json',
    authorization: `Bearer ${token.reveal()}`,
    ...traceHeaders(call.transaction),
  })
  if (method !== 'GET') headers.set('idempotency-key', call.idempotencyKey)
  if (body !== undefined) headers.set('content-type', 'application/json')
  const url = new URL(path, api.baseUrl.href.replace(/\/*$/, '/'))
  return new Request(url, { method, headers, body: body === undefined ? null : JSON.stringify(body) })
}

/** A failed read loses nothing; a write that was sent may have happened. */
const noAnswer = (method: string): ToolDenial => ({
  reason: method === 'GET' ? 'unavailable' : 'unknown_outcome',
})

/** RFC 9110 §15.5: a 4xx did nothing, except 408 (a timeout) and 409 (the same write may be running). */
function readDenial<T>(status: number, { method, isOfNote = false }: ApiRequest<T>): ToolDenial {
  if (status === 401) return { reason: 'unauthorized' }
  if (status === 403) return { reason: 'forbidden' }
  if (status === 413) return { reason: 'too_large' }
  if (status === 429) return { reason: 'busy', retryAfterSeconds: null }
  if (status < 400 || status > 499 || status === 408 || status === 409) return noAnswer(method)
  if (status === 404 && isOfNote) return { reason: 'gone' }
  return { reason: method === 'GET' ? 'unavailable' : 'invalid' }
}
