import { runInDurableObject } from 'cloudflare:test'
import { env } from 'cloudflare:workers'
import { messageIn, META, rpcRequest, statelessHeaders } from '#harness/messages.ts'
import { openSession, post, type Transport } from './raw.ts'

/** Each way to name something, with the name as the only thing that differs. `rule`: what a rule calls it. */
export const namings = [
  {
    what: 'a tool',
    method: 'tools/call',
    of: (name: string) => ({ name, arguments: {} }),
    name: 'listTodos',
    unknown: 'lastTodos',
    rule: { kind: 'tool', name: 'listTodos' },
  },
  {
    what: 'a tool with arguments that do not fit',
    method: 'tools/call',
    of: (name: string) => ({ name, arguments: { limit: 'many' } }),
    name: 'listTodos',
    unknown: 'lastTodos',
    rule: { kind: 'tool', name: 'listTodos' },
  },
  {
    what: 'a tool that needs more scopes',
    method: 'tools/call',
    of: (name: string) => ({ name, arguments: { text: 'x' } }),
    name: 'addTodo',
    unknown: 'oddTodo',
    rule: { kind: 'tool', name: 'addTodo' },
  },
  {
    what: 'a prompt',
    method: 'prompts/get',
    of: (name: string) => ({ name }),
    name: 'planMyDay',
    unknown: 'planMyWay',
    rule: { kind: 'prompt', name: 'planMyDay' },
  },
  {
    what: 'a prompt with arguments that do not fit',
    method: 'prompts/get',
    of: (name: string) => ({ name, arguments: { hours: '99' } }),
    name: 'planMyDay',
    unknown: 'planMyWay',
    rule: { kind: 'prompt', name: 'planMyDay' },
  },
  {
    what: 'a resource',
    method: 'resources/read',
    of: (uri: string) => ({ uri }),
    name: 'todo://list',
    unknown: 'todo://lost',
    rule: { kind: 'resource', name: 'todo://list' },
  },
  {
    what: 'a resource behind a template',
    method: 'resources/read',
    of: (uri: string) => ({ uri }),
    name: 'todo://items/%35',
    unknown: 'todo://itemz/%35',
    rule: { kind: 'resource', name: 'todo://items/5' },
  },
  {
    what: 'a resource of a template',
    method: 'resources/read',
    of: (uri: string) => ({ uri }),
    name: 'todo://items/6',
    unknown: 'todo://itemz/6',
    rule: { kind: 'resource', name: 'todo://items/{id}' },
  },
  {
    what: 'a completion for a template',
    method: 'completion/complete',
    of: (uri: string) => ({ ref: { type: 'ref/resource', uri }, argument: { name: 'id', value: '' } }),
    name: 'todo://items/{id}',
    unknown: 'todo://itemz/{id}',
    rule: { kind: 'resource', name: 'todo://items/{id}' },
  },
  {
    what: 'a completion for a prompt',
    method: 'completion/complete',
    of: (name: string) => ({ ref: { type: 'ref/prompt', name }, argument: { name: 'hours', value: '' } }),
    name: 'planMyDay',
    unknown: 'planMyWay',
    rule: { kind: 'prompt', name: 'planMyDay' },
  },
  {
    what: 'a subscription',
    method: 'resources/subscribe',
    of: (uri: string) => ({ uri }),
    name: 'todo://list',
    unknown: 'todo://lost',
    rule: { kind: 'resource', name: 'todo://list' },
  },
] as const
export type Naming = (typeof namings)[number]

export const lists = [
  { method: 'tools/list', list: 'tools', name: 'name', kind: 'tool', hidden: 'addTodo' },
  { method: 'resources/list', list: 'resources', name: 'uri', kind: 'resource', hidden: 'todo://list' },
  {
    method: 'resources/templates/list',
    list: 'resourceTemplates',
    name: 'uriTemplate',
    kind: 'resource',
    hidden: 'todo://items/{id}',
  },
  { method: 'prompts/list', list: 'prompts', name: 'name', kind: 'prompt', hidden: 'planMyDay' },
] as const

/** One request on either transport, as a client without an SDK sends it. */
export async function ask(
  transport: Transport,
  bearer: string,
  method: string,
  params: Record<string, unknown> = {},
  meta: object = {},
) {
  const name = params['name'] ?? params['uri']
  const stateless = statelessHeaders(method, typeof name === 'string' ? name : undefined)
  const answer =
    transport === 'session'
      ? await post(bearer, rpcRequest(method, params), { 'mcp-session-id': await openSession(bearer) })
      : await post(bearer, rpcRequest(method, { ...params, _meta: { ...META, ...meta } }), stateless)
  const text = await answer.text()
  const headers = [...answer.headers].filter(([header]) => header !== 'mcp-session-id')
  return { status: answer.status, headers, text, body: text === '' ? undefined : messageIn(text) }
}

/** What the object of a user recorded of denials. */
export const denialsOf = (user: string): Promise<unknown[]> =>
  runInDurableObject(env.USER.getByName(user), (_object, state) =>
    [...state.storage.kv.list({ prefix: 'denied-' })].map(([, row]) => row),
  )
