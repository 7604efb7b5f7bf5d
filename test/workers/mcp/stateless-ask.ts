import { z } from 'zod'
import { MCP_URL, toWorker } from './clients.ts'

export const CALL = 'tools/call'
export const REVISION = 'io.modelcontextprotocol/protocolVersion'
export const META = { [REVISION]: '2026-07-28', 'io.modelcontextprotocol/clientCapabilities': {} }

interface Asking {
  /** Overrides; null removes a header. */
  headers?: Readonly<Record<string, string | null>>
  meta?: object | undefined
  /** null: a notification. */
  id?: string | null
}

/** One message of revision 2026-07-28, with any deviation that a test needs. */
export async function ask(bearer: string, method: string, params: object, asking: Asking = {}) {
  const { headers = {}, id = 'one' } = asking
  const meta = 'meta' in asking ? asking.meta : META
  const all: Record<string, string | null> = {
    authorization: `Bearer ${bearer}`,
    accept: 'application/json, text/event-stream',
    'content-type': 'application/json',
    'mcp-protocol-version': '2026-07-28',
    'mcp-method': method,
    ...headers,
  }
  const named = id === null ? {} : { id }
  const message = { jsonrpc: '2.0', ...named, method, params: { ...params, _meta: meta } }
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
    events: [...text.matchAll(/^data: (.*)$/gm)].map(([, data = '']) => z.json().parse(JSON.parse(data))),
  }
}
