import { createExecutionContext, listDurableObjectIds } from 'cloudflare:test'
import { env } from 'cloudflare:workers'
import { mcpRequest, NAMED_META, rpcRequest, statelessHeaders } from '#harness/messages.ts'
import { ORIGIN } from '../../workers/settings.ts'
import worker from './worker.ts'

export interface Answer {
  status: number
  headers: Headers
  text: string
}

export type Send = (path: string, init: SendOptions) => Promise<Answer>
/** `from` is the address in CF-Connecting-IP. */
export type SendOptions = {
  method?: string
  from?: string
  headers?: Record<string, string>
  body?: BodyInit
}

/** The Worker with these settings, as one isolate: its caches are keyed by the env object. */
export function serverWith(settings: Readonly<Record<string, unknown>> = {}): Send {
  const environment = { ...env, ...settings }
  return async (path, { method = 'POST', from, headers = {}, body }) => {
    const request = new Request<unknown, IncomingRequestCfProperties>(`${ORIGIN}${path}`, {
      method,
      headers: { ...(from === undefined ? {} : { 'CF-Connecting-IP': from }), ...headers },
      ...(body === undefined ? {} : { body }),
      redirect: 'manual',
    })
    const answer = await worker.fetch(request, environment, createExecutionContext())
    return { status: answer.status, headers: answer.headers, text: await answer.text() }
  }
}

/** Durable Objects, and KV entries by prefix. */
export async function countStored() {
  const [users, sessions, { keys }] = await Promise.all([
    listDurableObjectIds(env.USER),
    listDurableObjectIds(env.MCP_SESSION),
    env.OAUTH_KV.list(),
  ])
  return { users: users.length, sessions: sessions.length, kv: keys.length }
}

const AT_ONCE = 50

/** Counts answers by status. */
export async function flood(times: number, ask: (at: number) => Promise<Answer>) {
  const answers: Answer[] = []
  for (let at = 0; at < times; at += AT_ONCE) {
    const some = Array.from({ length: Math.min(AT_ONCE, times - at) }, (_, index) => ask(at + index))
    answers.push(...(await Promise.all(some)))
  }
  const statuses: Record<number, number> = {}
  for (const { status } of answers) statuses[status] = (statuses[status] ?? 0) + 1
  return { answers, statuses }
}

const hex = (at: number) => at.toString(16)
/** Each request comes from its own network. */
export const network = (at: number) => `2001:db8:${hex(at)}::1`
export const bearer = (token: string) => ({ authorization: `Bearer ${token}` })

const listTools = rpcRequest('tools/list', { _meta: NAMED_META })

/** A stateless request that any valid bearer may send. */
export const ask = (
  send: Send,
  token: string,
  { from, headers }: Pick<SendOptions, 'from' | 'headers'> = {},
) =>
  send('/mcp', {
    ...(from === undefined ? {} : { from }),
    ...mcpRequest(token, listTools, { ...statelessHeaders('tools/list'), ...headers }),
  })
