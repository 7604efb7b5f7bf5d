import { expect, test } from 'vitest'
import { z } from 'zod'
import { makeReads } from '#mcp/lists/reads.ts'
import { makeLists } from '#mcp/lists/listed.ts'
import type { McpProduct } from '#mcp/product.ts'
import { makeStatelessTransport } from '#mcp/stateless/stateless.ts'
import { served as whole } from '#harness/product.ts'
import { mcpHeaders, META, statelessHeaders } from '#harness/messages.ts'

const { resources, resourceTemplates, prompts } = whole
const nothing: McpProduct = { ...whole, resources: [], resourceTemplates: [], prompts: [] }
const listChanged = false
const Discovered = z.object({ result: z.object({ capabilities: z.record(z.string(), z.unknown()) }) })

async function ask(product: McpProduct, method: string): Promise<unknown> {
  const served = { product, lists: makeLists(product), reads: makeReads(product), extend: undefined }
  const transport = makeStatelessTransport(served)
  const message = { jsonrpc: '2.0', id: 1, method, params: { _meta: META } }
  const headers = { ...mcpHeaders('any'), ...statelessHeaders(method) }
  const request = new Request('https://mcp.example.test/mcp', { method: 'POST', headers, body: '{}' })
  const never = () => Promise.reject(new Error('nothing here is called'))
  const principal = {
    user: 'p',
    grant: 'g',
    client: 'c',
    scopes: [],
    expiresAtSeconds: 0,
    tokenHash: 'hash',
    canAudit: false,
    isNameHidden: false,
    hidden: [],
  }
  const call = {
    principal,
    keys: never,
    nowSeconds: () => 0,
    answer: null,
    begun: undefined,
    makeCaller: never,
  }
  return (await transport(request, message, call)).json()
}

test.each<[string, Partial<McpProduct>, object]>([
  ['only tools', {}, {}],
  ['resources', { resources }, { resources: { listChanged, subscribe: false } }],
  ['prompts', { prompts }, { prompts: { listChanged } }],
  ['templates', { resourceTemplates }, { resources: { listChanged, subscribe: false }, completions: {} }],
])('a product with %s announces that and nothing else', async (_what, lists, more) => {
  const discovered = await ask({ ...nothing, ...lists }, 'server/discover')
  expect(discovered).toMatchObject({ result: { capabilities: { tools: { listChanged }, ...more } } })
  const { result } = Discovered.parse(discovered)
  expect(Object.keys(result.capabilities).toSorted((a, b) => (a < b ? -1 : 1))).toEqual(
    ['tools', ...Object.keys(more)].toSorted((a, b) => (a < b ? -1 : 1)),
  )
})

test.each(['resources/list', 'resources/templates/list', 'prompts/list'])(
  '%s does not exist where there is nothing of it',
  async (method) => {
    expect(await ask(nothing, method)).toMatchObject({ error: { code: -32601 } })
  },
)
