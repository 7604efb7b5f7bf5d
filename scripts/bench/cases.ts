import { exchange, type PreparedRequest } from './requests.ts'
import type { Bearers } from './logins.ts'
import { openSession, sessionMessage, statelessMessage } from './messages.ts'
import type { Servers } from './servers.ts'

interface CaseText {
  readonly name: string
  readonly title: string
  /** Reads of the local KV simulator per request; null: unknown. */
  readonly kvReads: number | null
  /** Also measured with 16 requests at once. */
  readonly isLoadCase: boolean
}

export const CASES = [
  { name: 'api', title: 'Todo API directly: GET /api/todos?limit=50', kvReads: 0, isLoadCase: true },
  { name: 'floorStateless', title: 'floor Worker: listTodos', kvReads: 0, isLoadCase: true },
  { name: 'statelessCall', title: 'stateless transport: listTodos', kvReads: 0, isLoadCase: true },
  { name: 'floorSession', title: 'floor Worker, a session: listTodos', kvReads: 0, isLoadCase: true },
  { name: 'sessionCall', title: 'session transport: listTodos', kvReads: 0, isLoadCase: true },
  { name: 'bareCall', title: 'bare Worker: listTodos', kvReads: 1, isLoadCase: true },
  { name: 'peer', title: 'peer: its tool', kvReads: null, isLoadCase: true },
  { name: 'bareList', title: 'bare Worker: tools/list', kvReads: 1, isLoadCase: false },
  { name: 'statelessList', title: 'stateless transport: tools/list', kvReads: 0, isLoadCase: false },
  { name: 'sessionList', title: 'session transport: tools/list', kvReads: 0, isLoadCase: false },
  { name: 'idle', title: 'floor Worker: answers at once', kvReads: 0, isLoadCase: false },
  { name: 'kv', title: 'floor Worker: one KV read', kvReads: 1, isLoadCase: false },
] as const satisfies readonly CaseText[]

export type CaseName = (typeof CASES)[number]['name']
export type PerCase<T> = Readonly<Partial<Record<CaseName, T>>>
export type Cases = Readonly<Record<Exclude<CaseName, 'peer'>, PreparedRequest>> & PerCase<PreparedRequest>

/** Each case with what it is compared with. The first two are the headline figures. */
export const RATIOS = [
  ['statelessCall', 'floorStateless'],
  ['sessionCall', 'floorSession'],
  ['statelessCall', 'bareCall'],
  ['sessionCall', 'bareCall'],
  ['statelessList', 'bareList'],
  ['sessionList', 'bareList'],
  ['statelessCall', 'peer'],
  ['sessionCall', 'peer'],
] as const satisfies readonly (readonly [CaseName, CaseName])[]

const TODOS = 10
/** The text of the last todo: part of every answer that has all of them. */
export const LAST_TODO = `todo ${TODOS}`
const LIST_TODOS = { name: 'listTodos', arguments: {} }

/** Creates todos for the user, opens a session, and returns the request of each case. */
export async function prepareCases(servers: Servers, bearers: Bearers): Promise<Cases> {
  const { origin, bareOrigin, floorOrigin, todoOrigin } = servers
  const api: PreparedRequest = {
    origin: todoOrigin,
    path: '/api/todos?limit=50',
    method: 'GET',
    headers: { authorization: `Bearer ${bearers.downstream}` },
    expects: `"${LAST_TODO}"`,
  }
  for (let number = 1; number <= TODOS; number += 1) {
    const headers = { ...api.headers, 'content-type': 'application/json' }
    await exchange({ ...api, method: 'POST', headers, body: JSON.stringify({ todoText: `todo ${number}` }) })
  }
  const session = await openSession(origin, bearers.ours)
  const call = { method: 'tools/call', params: LIST_TODOS, expects: `"total":${TODOS}` }
  const list = { method: 'tools/list', params: {}, expects: '"deleteTodo"' }
  const floorSession = sessionMessage(floorOrigin, bearers.floor, 'session', call)
  const idle: PreparedRequest = { ...floorSession, path: '/idle', expects: 'done' }
  await exchange({ ...floorSession, path: '/grant', body: bearers.downstream })
  return {
    api,
    floorStateless: { ...statelessMessage(floorOrigin, bearers.floor, call), path: '/stateless' },
    floorSession: { ...floorSession, path: '/session' },
    bareCall: statelessMessage(bareOrigin, bearers.bare, call),
    statelessCall: statelessMessage(origin, bearers.ours, call),
    sessionCall: sessionMessage(origin, bearers.ours, session, call),
    bareList: statelessMessage(bareOrigin, bearers.bare, list),
    statelessList: statelessMessage(origin, bearers.ours, list),
    sessionList: sessionMessage(origin, bearers.ours, session, list),
    idle,
    kv: { ...idle, path: '/kv' },
  }
}
