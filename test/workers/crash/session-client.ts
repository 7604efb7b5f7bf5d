import { createExecutionContext } from 'cloudflare:test'
import { type Answer, bindings, send } from './client.ts'
import { ORIGIN } from '../settings.ts'
import worker from './worker.ts'

const headersFor = (accessToken: string, session?: string) => ({
  authorization: `Bearer ${accessToken}`,
  accept: 'application/json, text/event-stream',
  'content-type': 'application/json',
  ...(session === undefined ? {} : { 'mcp-session-id': session }),
})

const post = (accessToken: string, message: object, session?: string): Promise<Answer> =>
  send('/mcp', {
    method: 'POST',
    headers: headersFor(accessToken, session),
    body: JSON.stringify({ jsonrpc: '2.0', ...message }),
  })

/** The first message of the session transport. The answer's header carries the session id. */
export const initialize = (accessToken: string): Promise<Answer> =>
  post(accessToken, {
    id: 0,
    method: 'initialize',
    params: { protocolVersion: '2025-11-25', capabilities: {}, clientInfo: { name: 'raw', version: '1' } },
  })

export const sessionIn = ({ status, headers, text }: Answer): string => {
  const session = headers.get('mcp-session-id')
  if (session === null) throw new Error(`no session: ${status} ${text.slice(0, 300)}`)
  return session
}

export const openSession = async (accessToken: string) => sessionIn(await initialize(accessToken))

/** A tool call on the session transport. */
export const callInSession = (
  accessToken: string,
  session: string,
  name: string,
  { id, input = {}, meta }: { id: number; input?: object; meta?: object },
): Promise<Answer> => {
  const params = { name, arguments: input, ...(meta === undefined ? {} : { _meta: meta }) }
  return post(accessToken, { id, method: 'tools/call', params }, session)
}

export const closeSession = (accessToken: string, session: string): Promise<Answer> =>
  send('/mcp', { method: 'DELETE', headers: headersFor(accessToken, session) })

/** The client's open event stream, and whether it has ended. */
export async function openStream(accessToken: string, session: string) {
  const request = new Request<unknown, IncomingRequestCfProperties>(`${ORIGIN}/mcp`, {
    headers: headersFor(accessToken, session),
  })
  const response = await worker.fetch(request, bindings, createExecutionContext())
  const state = { status: response.status, isOver: false }
  const read = async () => {
    await response.text()
    state.isOver = true
  }
  void read().catch(() => {
    state.isOver = true
  })
  return state
}
