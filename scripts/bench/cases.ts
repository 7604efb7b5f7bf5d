import { exchange, type PreparedRequest } from './requests.ts'
import type { Bearers } from './logins.ts'
import { openSession, sessionMessage, statelessMessage } from './messages.ts'
import type { Servers } from './servers.ts'

export const CASES = {
  api: 'Todo API directly: GET /api/todos',
  bareCall: 'bare Worker: listTodos',
  statelessCall: 'stateless transport: listTodos',
  sessionCall: 'session transport, warm session: listTodos',
  bareList: 'bare Worker: tools/list',
  statelessList: 'stateless transport: tools/list',
  sessionList: 'session transport, warm session: tools/list',
} as const
export type CaseName = keyof typeof CASES

export const CASE_NAMES = [
  'api',
  'bareCall',
  'statelessCall',
  'sessionCall',
  'bareList',
  'statelessList',
  'sessionList',
] as const satisfies readonly CaseName[]

export type PerCase<T> = Readonly<Record<CaseName, T>>
export type Cases = PerCase<PreparedRequest>

/** Maps each case to a value without a cast: Object.fromEntries loses the key types. */
export const perCase = <T>(make: (name: CaseName) => T): PerCase<T> => ({
  api: make('api'),
  bareCall: make('bareCall'),
  statelessCall: make('statelessCall'),
  sessionCall: make('sessionCall'),
  bareList: make('bareList'),
  statelessList: make('statelessList'),
  sessionList: make('sessionList'),
})

const TODOS = 10
const LIST_TODOS = { name: 'listTodos', arguments: {} }

/** Creates todos for the user, opens a session, and returns the request of each case. */
export async function prepareCases(servers: Servers, bearers: Bearers): Promise<Cases> {
  const { origin, bareOrigin, todoOrigin } = servers
  const api: PreparedRequest = {
    origin: todoOrigin,
    path: '/api/todos',
    method: 'GET',
    headers: { authorization: `Bearer ${bearers.downstream}` },
    expects: `"todo ${TODOS}"`,
  }
  for (let number = 1; number <= TODOS; number += 1) {
    const headers = { ...api.headers, 'content-type': 'application/json' }
    await exchange({ ...api, method: 'POST', headers, body: JSON.stringify({ todoText: `todo ${number}` }) })
  }
  const session = await openSession(origin, bearers.ours)
  const call = { method: 'tools/call', params: LIST_TODOS, expects: `"total":${TODOS}` }
  const list = { method: 'tools/list', params: {}, expects: '"deleteTodo"' }
  return {
    api,
    bareCall: statelessMessage(bareOrigin, bearers.bare, call),
    statelessCall: statelessMessage(origin, bearers.ours, call),
    sessionCall: sessionMessage(origin, bearers.ours, session, call),
    bareList: statelessMessage(bareOrigin, bearers.bare, list),
    statelessList: statelessMessage(origin, bearers.ours, list),
    sessionList: sessionMessage(origin, bearers.ours, session, list),
  }
}
