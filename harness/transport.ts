import { callMessage, INITIALIZE, mcpHeaders, NAMED_META, rpcRequest, statelessHeaders } from './messages.ts'
import type { OAuthClient, Reply } from './oauth-client.ts'
import type { storyContext } from './story.ts'

export const TRANSPORTS = ['session', 'stateless'] as const

interface TextReply {
  readonly status: number
  readonly text: string
}

/** A signed-in client on one transport, with hand-written requests. */
export interface Transport {
  /** The bearer, and the session or the revision. */
  readonly headers: Readonly<Record<string, string>>
  /** A tool call for this transport, with a unique id. */
  readonly message: (name: string, input?: unknown, meta?: Readonly<Record<string, unknown>>) => object
  /** Sends any body. */
  readonly send: (body: string, headers?: Readonly<Record<string, string>>) => Promise<TextReply>
  readonly call: (
    name: string,
    input: unknown,
    meta?: Readonly<Record<string, unknown>>,
  ) => Promise<TextReply>
  /** Texts of the user's todos, read from the API. */
  readonly todos: () => Promise<readonly string[]>
}

/** Opens a session of the session transport and returns its id. */
export async function openSession(client: OAuthClient, accessToken: string): Promise<string> {
  const { headers } = await client.mcp(INITIALIZE, { authorization: `Bearer ${accessToken}` })
  return headers.get('mcp-session-id') ?? ''
}

/** A tool call on the stateless transport in a single request (MCP 2026-07-28). */
export function callToolStateless(
  client: OAuthClient,
  accessToken: string,
  name: string,
  input: Readonly<Record<string, unknown>> = {},
): Promise<Reply> {
  const message = rpcRequest('tools/call', { ...callMessage(name, input).params, _meta: NAMED_META })
  const authorization = `Bearer ${accessToken}`
  return client.mcp(message, { authorization, ...statelessHeaders('tools/call', name) })
}

export async function openTransport(
  story: ReturnType<typeof storyContext>,
  transport: (typeof TRANSPORTS)[number],
): Promise<Transport> {
  const client = await story.newClient()
  const { tokens } = await story.signInWith(client, { asked: 'todo:read todo:write' })
  const isStateful = transport === 'session'
  const more: Readonly<Record<string, string>> = isStateful
    ? { 'mcp-session-id': await openSession(client, tokens.access_token) }
    : statelessHeaders('tools/call', 'addTodo')
  const headers = mcpHeaders(tokens.access_token, more)
  let id = 0
  const message: Transport['message'] = (name, input = {}, meta = {}) => {
    const _meta = { ...(isStateful ? {} : NAMED_META), ...meta }
    return rpcRequest('tools/call', { name, arguments: input, _meta }, (id += 1))
  }
  const send: Transport['send'] = async (body, more = {}) => {
    const response = await fetch(story.mcpUrl, { method: 'POST', headers: { ...headers, ...more }, body })
    return { status: response.status, text: await response.text() }
  }
  const call: Transport['call'] = (name, input, meta) =>
    send(JSON.stringify(message(name, input, meta)), isStateful ? {} : { 'mcp-name': name })
  return {
    headers,
    message,
    send,
    call,
    todos: async () => {
      const { status, text } = await call('listTodos', {})
      if (status !== 200 || !text.includes('"structuredContent"'))
        throw new Error(`no list: ${status} ${text}`)
      return [...text.matchAll(/"text":"((?:[^"\\]|\\.)*)","completed"/g)].map(([, todo = '']) => todo)
    },
  }
}
