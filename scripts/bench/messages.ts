import { INITIALIZE, mcpHeaders, NAMED_META, statelessHeaders } from '#harness/messages.ts'
import { exchange, type PreparedRequest } from './requests.ts'

export interface Message {
  readonly method: string
  readonly params: object
  readonly expects: string
}

/** Fewer than a page: each server lists all of them. */
export const listTodos: Message = {
  method: 'tools/call',
  params: { name: 'listTodos', arguments: {} },
  expects: '"total":',
}

/** MCP 2026-07-28: the request carries everything that the server needs. */
export function statelessMessage(
  origin: string,
  bearer: string,
  { method, params, expects }: Message,
): PreparedRequest {
  const headers = statelessHeaders(method, 'name' in params ? String(params.name) : undefined)
  const body = numbered({ jsonrpc: '2.0', method, params: { ...params, _meta: NAMED_META } })
  return { ...toMcp(origin, bearer, headers, body), expects }
}

export function sessionMessage(
  origin: string,
  bearer: string,
  session: string,
  { method, params, expects }: Message,
): PreparedRequest {
  const body = numbered({ jsonrpc: '2.0', method, params })
  return { ...toMcp(origin, bearer, inSession(session), body), expects }
}

let lastId = 0

/** Ids are unique within a session (MCP, "Requests"): calls at once share one, and a server may lose a repeated id. */
function numbered(message: object): () => string {
  const members = JSON.stringify(message).slice(1)
  return () => `{"id":${(lastId += 1)},${members}`
}

export async function openSession(origin: string, bearer: string): Promise<string> {
  const session = await initialize(origin, bearer)
  if (session === '') throw new Error(`no session from ${origin}`)
  return session
}

/** The session id; empty if the server gives none. */
export async function initialize(origin: string, bearer: string, path = '/mcp'): Promise<string> {
  const begun = { ...toMcp(origin, bearer, {}, JSON.stringify(INITIALIZE)), path }
  const { status, text, header } = await exchange(begun)
  if (status !== 200) throw new Error(`initialize at ${origin}${path}: ${status} ${text.slice(0, 300)}`)
  const session = header('mcp-session-id')
  const initialized = { jsonrpc: '2.0', method: 'notifications/initialized' }
  await exchange({ ...toMcp(origin, bearer, inSession(session), JSON.stringify(initialized)), path })
  return session
}

const inSession = (session: string) => ({
  'mcp-protocol-version': '2025-11-25',
  ...(session === '' ? {} : { 'mcp-session-id': session }),
})

const toMcp = (
  origin: string,
  bearer: string,
  headers: Readonly<Record<string, string>>,
  body: NonNullable<PreparedRequest['body']>,
): Omit<PreparedRequest, 'expects'> => ({
  origin,
  path: '/mcp',
  method: 'POST',
  headers: mcpHeaders(bearer === '' ? null : bearer, headers),
  body,
})
