import { runInDurableObject } from 'cloudflare:test'
import { env } from 'cloudflare:workers'
import { expect, vi } from 'vitest'
import { z } from 'zod'
import { callMessage, INITIALIZE, mcpHeaders, messagesIn, META, statelessHeaders } from '#harness/messages.ts'
import { MCP_URL, toWorker } from './clients.ts'

// Requests without an SDK that would correct them.

type Headers = Record<string, string>

export const TRANSPORTS = ['session', 'stateless'] as const
export type Transport = (typeof TRANSPORTS)[number]

export const send = (
  method: string,
  bearer: string,
  headers: Headers = {},
  body?: string,
  url = MCP_URL,
  signal?: AbortSignal,
) =>
  toWorker(url, {
    method,
    ...(signal === undefined ? {} : { signal }),
    headers: mcpHeaders(bearer, headers),
    ...(body === undefined ? {} : { body }),
  })

export const post = (bearer: string, message: unknown, headers: Headers = {}, signal?: AbortSignal) =>
  send('POST', bearer, headers, JSON.stringify(message), MCP_URL, signal)

/** Opens a session and returns its id. */
export async function openSession(bearer: string, capabilities: object = {}): Promise<string> {
  const response = await post(bearer, { ...INITIALIZE, params: { ...INITIALIZE.params, capabilities } })
  await response.text()
  return response.headers.get('mcp-session-id') ?? ''
}

interface CallOptions {
  headers?: Headers
  meta?: object
}

/** A tool call. On the session transport each call opens a session. */
export async function callIn(
  transport: Transport,
  bearer: string,
  name: string,
  args: object = {},
  { headers = {}, meta }: CallOptions = {},
) {
  const message = callMessage(name, args)
  if (transport === 'session') {
    const params = { ...message.params, ...(meta === undefined ? {} : { _meta: meta }) }
    return post(bearer, { ...message, params }, { 'mcp-session-id': await openSession(bearer), ...headers })
  }
  const params = { ...message.params, _meta: { ...META, ...meta } }
  return post(bearer, { ...message, params }, { ...statelessHeaders('tools/call', name), ...headers })
}

/** A tool call on the stateless transport. */
export const callStateless = (bearer: string, name: string, args: object = {}, headers: Headers = {}) =>
  callIn('stateless', bearer, name, args, { headers })

interface Overrides {
  /** null removes a header. */
  headers?: Readonly<Record<string, string | null>>
  meta?: object | undefined
  /** null: a notification. */
  id?: string | null
}

/** One message of revision 2026-07-28, with any deviation that a test needs. */
export async function askStateless(
  bearer: string,
  method: string,
  params: object,
  overrides: Overrides = {},
) {
  const { headers = {}, id = 'one' } = overrides
  const meta = 'meta' in overrides ? overrides.meta : META
  const all = { ...mcpHeaders(bearer), ...statelessHeaders(method), ...headers }
  const message = {
    jsonrpc: '2.0',
    ...(id === null ? {} : { id }),
    method,
    params: { ...params, _meta: meta },
  }
  const response = await toWorker(MCP_URL, {
    method: 'POST',
    headers: Object.entries(all).flatMap(([name, value]) => (value === null ? [] : [[name, value]])),
    body: JSON.stringify(message),
  })
  const text = await response.text()
  return {
    status: response.status,
    type: response.headers.get('content-type'),
    session: response.headers.get('mcp-session-id'),
    buffering: response.headers.get('x-accel-buffering'),
    text,
    body: text.startsWith('{') ? z.json().parse(JSON.parse(text)) : null,
    events: text.startsWith('{') ? [] : messagesIn(text).map((event) => z.json().parse(event)),
  }
}

/** The text of a stream, and whether it has ended. A broken connection ends it too. */
export function follow(response: Response) {
  const stream = { text: '', isOver: false }
  const read = async () => {
    for await (const piece of response.body?.pipeThrough(new TextDecoderStream()) ?? []) stream.text += piece
  }
  void read()
    .catch(() => {})
    .finally(() => (stream.isOver = true))
  return stream
}

const Added = z.object({
  result: z.object({ structuredContent: z.object({ todo: z.object({ id: z.string() }) }) }),
})

/** Adds todos, one after the other, and returns their ids. */
export async function addTodos(bearer: string, texts: readonly string[]): Promise<string[]> {
  const ids: string[] = []
  for (const text of texts) {
    const added = await callStateless(bearer, 'addTodo', { text })
    ids.push(Added.parse(await added.json()).result.structuredContent.todo.id)
  }
  return ids
}
export const numbered = (count: number) => Array.from({ length: count }, (_, at) => `todo ${at}`)

const Total = z.object({ result: z.object({ structuredContent: z.object({ total: z.number() }) }) })
export const countTodos = async (bearer: string) =>
  Total.parse(await (await callStateless(bearer, 'listTodos')).json()).result.structuredContent.total

export const storedCalls = (user: string): Promise<unknown[]> =>
  runInDurableObject(env.USER.getByName(user), (_object, state) =>
    [...state.storage.kv.list({ prefix: 'call-' })].map(([, row]) => row),
  )

const Unended = z
  .object({ outcome: z.null() })
  .and(z.union([z.object({ effect: z.literal('read') }), z.object({ step: z.literal('describe') })]))

/** The calls of a user. The outcomes of reads arrive a moment after their answers, so this waits for them. */
export const callsOf = (user: string): Promise<unknown[]> =>
  vi.waitFor(async () => {
    const calls = await storedCalls(user)
    expect(calls.filter((call) => Unended.safeParse(call).success)).toEqual([])
    return calls
  })

export const sessionObject = (session: string) =>
  env.MCP_SESSION.getByName(`streamable-http:${session.split('.')[0]}`)
