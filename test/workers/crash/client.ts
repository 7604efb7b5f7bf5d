import { createExecutionContext, waitOnExecutionContext } from 'cloudflare:test'
import { env } from 'cloudflare:workers'
import { ORIGIN } from '../settings.ts'
import { callMessage, INITIALIZE, mcpHeaders, mcpRequest, META, statelessHeaders } from '#harness/messages.ts'
import { type Answer, cookiesOf } from '../wire.ts'
import {
  approval,
  askedOfPingOne,
  callbackOf,
  fromOurPage,
  handleIn,
  type Init,
  OAuthClient,
  register,
  Tokens,
} from '../oauth-client.ts'
import worker from './worker.ts'
import { connectionLost, watchedEnv } from './schedule.ts'

/** One object, because the Worker caches its configuration by env. */
export const bindings = watchedEnv(env)

/** Longer than all deadlines of worker.ts together: reached only by a hang. */
const ANSWER_WITHIN_MS = 40_000

/** Sends one request and waits for its background work. A hang fails with the path in the message. */
export async function send(path: string, init: Init = {}): Promise<Answer> {
  const ctx = createExecutionContext()
  const request = new Request<unknown, IncomingRequestCfProperties>(`${ORIGIN}${path}`, init)
  const answer = async () => {
    const response = await worker.fetch(request, bindings, ctx)
    const text = await response.text()
    await waitOnExecutionContext(ctx)
    return { status: response.status, headers: response.headers, text }
  }
  const isAnswered = new AbortController()
  const late = async () => {
    await scheduler.wait(ANSWER_WITHIN_MS, { signal: isAnswered.signal })
    throw new Error(`${path} hangs`)
  }
  try {
    return await Promise.race([answer(), late(), connectionLost()])
  } finally {
    isAnswered.abort()
  }
}

export const tokensIn = (answer: Answer): Tokens => Tokens.parse(JSON.parse(answer.text))

/** A registered public client, and the user's browser. */
export class Client extends OAuthClient {
  static async register(): Promise<Client> {
    return new Client(send, await register(send))
  }

  /** Signs in through our pages and PingOne. Returns the callback that the browser requests next. */
  async signIn(subject: string): Promise<{ path: string; cookie: string }> {
    return this.decide(await send(this.page), subject)
  }

  /** Approves on our page and signs in at PingOne. */
  async decide(page: Answer, subject: string): Promise<{ path: string; cookie: string }> {
    const headers = { cookie: cookiesOf(page), ...fromOurPage }
    const onward = await send('/authorize', { ...approval(handleIn(page.text) ?? ''), headers })
    const asked = askedOfPingOne(onward.text)
    if (asked === null) throw new Error(`no way to PingOne: ${onward.status} ${onward.text.slice(-600)}`)
    return { path: callbackOf(asked, subject), cookie: cookiesOf(onward) }
  }

  callback({ path, cookie }: { path: string; cookie: string }): Promise<Answer> {
    return send(path, { headers: { cookie } })
  }
}

export const codeIn = ({ status, headers, text }: Answer): string => {
  const code = new URL(headers.get('location') ?? 'none:').searchParams.get('code')
  if (code === null) throw new Error(`no code: ${status} ${text.slice(-600)}`)
  return code
}

/** A tool call on the stateless transport. */
export function callTool(
  accessToken: string,
  name: string,
  input: object = {},
  meta: object = {},
): Promise<Answer> {
  const message = callMessage(name, input)
  return askTool(accessToken, name, { ...message.params, _meta: { ...meta, ...META } })
}

/** The same, with all parameters but the name. */
export function askTool(accessToken: string, name: string, params: object): Promise<Answer> {
  const message = { ...callMessage(name), params: { name, ...params } }
  return send('/mcp', mcpRequest(accessToken, message, statelessHeaders('tools/call', name)))
}

/** Begins a session. The answer's header carries its id. */
export const initialize = (accessToken: string): Promise<Answer> =>
  send('/mcp', mcpRequest(accessToken, INITIALIZE))

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
  const message = callMessage(name, input)
  const params = { ...message.params, ...(meta === undefined ? {} : { _meta: meta }) }
  return send('/mcp', mcpRequest(accessToken, { ...message, id, params }, { 'mcp-session-id': session }))
}

export const closeSession = (accessToken: string, session: string): Promise<Answer> =>
  send('/mcp', { method: 'DELETE', headers: mcpHeaders(accessToken, { 'mcp-session-id': session }) })

/** The client's open event stream, and whether it has ended. */
export async function openStream(accessToken: string, session: string) {
  const request = new Request<unknown, IncomingRequestCfProperties>(`${ORIGIN}/mcp`, {
    headers: mcpHeaders(accessToken, { 'mcp-session-id': session }),
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
