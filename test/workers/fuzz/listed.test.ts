import { createExecutionContext } from 'cloudflare:test'
import { env } from 'cloudflare:workers'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { z } from 'zod'
import { makeMcpEndpoint } from '#mcp/endpoint.ts'
import { readRootKeys } from '#lib/root-keys.ts'
import type { CallStart } from '#users/calls/calls.ts'
import type { Entry, EntryAnswer } from '#users/calls/entry.ts'
import type { UserApi } from '#mcp/deps.ts'
import type { McpProduct } from '#mcp/product.ts'
import { definePrompt, noArguments } from '#catalog/define-prompt.ts'
import { defineResource } from '#catalog/define-resource.ts'
import { defineTool } from '#catalog/define-tool.ts'
import { HEAD } from '#harness/policy.ts'
import { served } from '#harness/product.ts'
import { mcpRequest, META, statelessHeaders } from '#harness/messages.ts'
import { bearerAuth } from '../wire.ts'

const CASES = 150
const scopes = fc.constantFrom<readonly [string, ...string[]]>(
  ['todo:read'],
  ['todo:write'],
  ['todo:read', 'todo:write'],
)
const thing = fc.record({ scopes, effect: fc.constantFrom('read', 'add', 'change') })
const things = fc.array(thing, { maxLength: 5 })
type Thing = { scopes: readonly [string, ...string[]]; effect: 'read' | 'add' | 'change' }

const toolOf = ({ scopes: needed, effect }: Thing, at: number) =>
  defineTool({
    name: `tool${at}`,
    title: 'A tool',
    description: 'Does a thing.',
    input: z.strictObject({}),
    output: z.object({ done: z.boolean() }),
    scopes: needed,
    effect,
    run: async () => ({ ok: true, value: { done: true } }),
    say: () => 'Done.',
  })
const resourceOf = ({ scopes: needed }: Thing, at: number) =>
  defineResource({
    name: `resource${at}`,
    title: 'A resource',
    description: 'A thing.',
    uri: `todo://things/${at}`,
    mimeType: 'text/plain',
    scopes: needed,
    read: async () => ({ ok: true, value: [{ mimeType: 'text/plain', text: 'a thing' }] }),
  })
const promptOf = ({ scopes: needed }: Thing, at: number) =>
  definePrompt({
    name: `prompt${at}`,
    title: 'A prompt',
    description: 'Asks a thing.',
    arguments: noArguments,
    scopes: needed,
    get: async () => ({ ok: true, value: [{ instruction: 'Do it.' }] }),
  })

/** Checks scopes as a User does; every bearer is good. Its `token` has the scopes. */
async function enter({ token, needs, call }: Entry): Promise<EntryAnswer> {
  const scopes = token.split(' ')
  const bearer = { client: 'client', audience: 'any', scopes, expiresAtSeconds: 2_000, openedAtSeconds: 0 }
  const missing = needs?.scopes.filter((scope) => !scopes.includes(scope)) ?? []
  const start: CallStart | null =
    missing.length > 0 || call === null
      ? null
      : { verdict: 'go', call: 'c', downstreamToken: 'opaque', user: { name: null } }
  const checked = { isKnown: true, ended: null, session: 'none', isRefused: false, waitSeconds: 0 } as const
  return { ...checked, canAudit: false, hidden: [], bearer, missing, stepUp: null, policy: null, start }
}

const userApi: UserApi = {
  beginCall: async () => ({ verdict: 'go', call: 'c', downstreamToken: 'opaque', user: { name: null } }),
  endCall: async () => {},
  endReads: async () => {},
  renewToken: async () => ({ verdict: 'ended' }),
  enter,
  hasToken: async () => true,
  openSession: async () => {},
  closeSession: async () => {},
  subscribe: async () => 'done',
  unsubscribe: async () => {},
}

const read = readRootKeys(`k1:${'A'.repeat(43)}`, undefined)
if (!read.ok) throw new Error(read.error)
const rootKeys = read.value
const algorithm = { name: 'HMAC', hash: 'SHA-256' }
const keys = [
  await crypto.subtle.importKey('raw', new Uint8Array(32), algorithm, false, ['sign', 'verify']),
] as const

/** A server with these lists, called on the stateless transport with these scopes. */
function serverOf(product: McpProduct, granted: readonly string[]) {
  const endpoint = makeMcpEndpoint({
    productOf: () => product,
    deps: {
      now: () => 1_000,
      deadlines: { toolMs: 25_000, apiMs: 10_000 },
    },
    settings: async () => ({
      rootKeys,
      sessionKeys: keys,
      requestStateKeys: async () => keys,
    }),
    userOf: () => userApi,
    head: async () => HEAD,
  })
  const auth = bearerAuth('user', 'grant', granted)
  return async (method: string, params: Record<string, unknown> = {}) => {
    const ctx = Object.assign(createExecutionContext(), {
      auth,
      props: { grant: 'unlinked', session: 'none' },
    })
    const name = params['name'] ?? params['uri']
    const message = { jsonrpc: '2.0', id: 1, method, params: { ...params, _meta: META } }
    const headers = statelessHeaders(method, typeof name === 'string' ? name : undefined)
    const request = new Request(auth.audience, mcpRequest('any', message, headers))
    const bearer = { user: 'user', grant: 'grant', token: granted.join(' '), audience: auth.audience }
    await endpoint.enter(request, env, bearer)
    const answer = await endpoint.handler.fetch(request, env, ctx)
    const challenge = answer.headers.get('www-authenticate')
    return { status: answer.status, challenge, text: await answer.text() }
  }
}
type Ask = ReturnType<typeof serverOf>

const ListResult = z.object({
  result: z.object({
    tools: z.array(z.object({ name: z.string(), description: z.string() })).default([]),
    resources: z.array(z.object({ uri: z.string() })).default([]),
    prompts: z.array(z.object({ name: z.string() })).default([]),
  }),
})
const listedBy = async (ask: Ask, method: string) =>
  ListResult.parse(JSON.parse((await ask(method)).text)).result

/** The number of listed entries. A server without any does not know the method. */
const countOf = async (ask: Ask, kind: 'resources' | 'prompts', all: readonly unknown[]) =>
  all.length === 0 ? 0 : (await listedBy(ask, `${kind}/list`))[kind].length

/** `done`, or the status with the scopes that the challenge names. */
async function outcomeOf(ask: Ask, method: string, params: Record<string, unknown>) {
  const { status, challenge, text } = await ask(method, params)
  if (status === 200) return text.includes('"isError":true') || text.includes('"error"') ? text : 'done'
  return `${status} ${/scope="([^"]*)"/.exec(challenge ?? '')?.[1] ?? text}`
}
const expected = ({ scopes: needed }: Thing, granted: readonly string[]) =>
  needed.every((scope) => granted.includes(scope))
    ? 'done'
    : `403 ${[...new Set([...granted, ...needed])].join(' ')}`

test('whatever the lists and scopes: what is listed can be had, or it is said what it needs', async () => {
  await fc.assert(
    fc.asyncProperty(
      things,
      things,
      things,
      fc.subarray(['todo:read', 'todo:write', 'offline_access']),
      async (tools, resources, prompts, granted) => {
        const product = {
          ...served,
          tools: tools.map(toolOf),
          resources: resources.map(resourceOf),
          resourceTemplates: [],
          prompts: prompts.map(promptOf),
        }
        const ask = serverOf(product, granted)
        const { tools: listed } = await listedBy(ask, 'tools/list')
        expect(listed.map(({ name }) => name)).toEqual(product.tools.map(({ name }) => name))
        for (const [at, { name, description }] of listed.entries()) {
          const tool = tools[at]
          if (tool === undefined) throw new Error('a tool that is not in the list')
          expect(description).toBe('Does a thing.')
          expect(await outcomeOf(ask, 'tools/call', { name, arguments: {} })).toBe(expected(tool, granted))
        }
        for (const [at, resource] of resources.entries())
          expect(await outcomeOf(ask, 'resources/read', { uri: `todo://things/${at}` })).toBe(
            expected(resource, granted),
          )
        for (const [at, prompt] of prompts.entries())
          expect(await outcomeOf(ask, 'prompts/get', { name: `prompt${at}` })).toBe(expected(prompt, granted))
        expect(await countOf(ask, 'resources', product.resources)).toBe(resources.length)
        expect(await countOf(ask, 'prompts', product.prompts)).toBe(prompts.length)
      },
    ),
    { seed: 20_260_728, numRuns: CASES },
  )
})
