import { exchange, type PreparedRequest } from './requests.ts'

export interface Message {
  readonly method: string
  readonly params: object
  readonly expects: string
}

/** The number of todos does not matter. */
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
  const _meta = {
    'io.modelcontextprotocol/protocolVersion': '2026-07-28',
    'io.modelcontextprotocol/clientInfo': { name: 'bench', version: '1.0.0' },
    'io.modelcontextprotocol/clientCapabilities': {},
  }
  const headers = {
    'mcp-protocol-version': '2026-07-28',
    'mcp-method': method,
    ...('name' in params ? { 'mcp-name': String(params.name) } : {}),
  }
  const body = { jsonrpc: '2.0', id: 1, method, params: { ...params, _meta } }
  return { ...toMcp(origin, bearer, headers, body), expects }
}

export function sessionMessage(
  origin: string,
  bearer: string,
  session: string,
  { method, params, expects }: Message,
): PreparedRequest {
  const headers = { 'mcp-protocol-version': '2025-11-25', 'mcp-session-id': session }
  return { ...toMcp(origin, bearer, headers, { jsonrpc: '2.0', id: 1, method, params }), expects }
}

export async function openSession(origin: string, bearer: string): Promise<string> {
  const params = {
    protocolVersion: '2025-11-25',
    capabilities: {},
    clientInfo: { name: 'bench', version: '1.0.0' },
  }
  const initialize = { jsonrpc: '2.0', id: 0, method: 'initialize', params }
  const opened = await exchange(toMcp(origin, bearer, {}, initialize))
  const session = opened.header('mcp-session-id')
  if (session === '') throw new Error(`no session: ${opened.status} ${opened.text}`)
  const headers = { 'mcp-protocol-version': '2025-11-25', 'mcp-session-id': session }
  await exchange(toMcp(origin, bearer, headers, { jsonrpc: '2.0', method: 'notifications/initialized' }))
  return session
}

const toMcp = (
  origin: string,
  bearer: string,
  headers: Readonly<Record<string, string>>,
  body: object,
): Omit<PreparedRequest, 'expects'> => ({
  origin,
  path: '/mcp',
  method: 'POST',
  headers: {
    authorization: `Bearer ${bearer}`,
    'content-type': 'application/json',
    accept: 'application/json, text/event-stream',
    ...headers,
  },
  body: JSON.stringify(body),
})
