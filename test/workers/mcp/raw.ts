import { runInDurableObject } from 'cloudflare:test'
import { env } from 'cloudflare:workers'
import { MCP_URL, toWorker } from './clients.ts'

type Headers = Record<string, string>

/** One request without an SDK that would correct it. */
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
    headers: {
      authorization: `Bearer ${bearer}`,
      accept: 'application/json, text/event-stream',
      'content-type': 'application/json',
      ...headers,
    },
    ...(body === undefined ? {} : { body }),
  })

export const post = (bearer: string, message: unknown, headers: Headers = {}, signal?: AbortSignal) =>
  send('POST', bearer, headers, JSON.stringify(message), MCP_URL, signal)

export const initialize = {
  jsonrpc: '2.0',
  id: 0,
  method: 'initialize',
  params: { protocolVersion: '2025-11-25', capabilities: {}, clientInfo: { name: 'raw', version: '1' } },
}

/** Opens a session and returns its id. */
export async function openSession(bearer: string): Promise<string> {
  const response = await post(bearer, initialize)
  await response.text()
  return response.headers.get('mcp-session-id') ?? ''
}

export const callMessage = (name: string, args: object = {}) => ({
  jsonrpc: '2.0',
  id: 1,
  method: 'tools/call',
  params: { name, arguments: args },
})

/** A tool call on the stateless transport. */
export const callStateless = (bearer: string, name: string, args: object = {}, headers: Headers = {}) =>
  post(
    bearer,
    {
      ...callMessage(name, args),
      params: {
        name,
        arguments: args,
        _meta: {
          'io.modelcontextprotocol/protocolVersion': '2026-07-28',
          'io.modelcontextprotocol/clientCapabilities': {},
        },
      },
    },
    { 'mcp-protocol-version': '2026-07-28', 'mcp-method': 'tools/call', 'mcp-name': name, ...headers },
  )

/** The calls that a user's object recorded. */
export const callsOf = (user: string): Promise<unknown[]> =>
  runInDurableObject(env.USER.getByName(user), (_object, state) =>
    [...state.storage.kv.list({ prefix: 'call-' })].map(([, row]) => row),
  )
