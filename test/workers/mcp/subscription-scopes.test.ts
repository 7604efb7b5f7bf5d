import { createExecutionContext } from 'cloudflare:test'
import { env } from 'cloudflare:workers'
import { expect, test } from 'vitest'
import { makeMcpEndpoint } from '#mcp/endpoint.ts'
import { makeReads } from '#mcp/reads.ts'
import { subscribe } from '#mcp/answer-in-session.ts'
import type { AnyResource } from '#catalog/define-resource.ts'
import { served } from '../../support/product.ts'
import { bearerAuth, mcpRequest, META, statelessHeaders } from '../wire.ts'

const uri = 'drafts://all'
const drafts: AnyResource = {
  name: 'drafts',
  title: 'Drafts',
  description: 'What only a writer may see.',
  uri,
  mimeType: 'text/plain',
  scopes: ['todo:read', 'todo:write'],
  read: async () => ({ ok: true, value: [] }),
}
const product = { ...served, tools: [], resources: [drafts], resourceTemplates: [], prompts: [] }
const never = () => Promise.reject(new Error('nobody is asked'))

const { handler } = makeMcpEndpoint({
  productOf: () => product,
  deps: { fetch: never, now: () => 1_000, deadlines: { toolMs: 6_000, apiMs: 2_500 } },
  settings: never,
  userOf: () => env.USER.getByName('scopes'),
})

async function ask(method: string, headers: Record<string, string> = {}, params = {}) {
  const auth = bearerAuth('scopes', 'unlinked', ['todo:read'])
  const ctx = Object.assign(createExecutionContext(), { auth, props: { grant: 'unlinked', session: 'none' } })
  const answer = await handler.fetch(
    new Request(
      auth.audience,
      mcpRequest('any', { jsonrpc: '2.0', id: 1, method, params: { uri, ...params } }, headers),
    ),
    env,
    ctx,
  )
  return {
    status: answer.status,
    challenge: answer.headers.get('www-authenticate'),
    text: await answer.text(),
  }
}

test('subscribing without the scopes of a read is challenged as the read is', async () => {
  const read = await ask('resources/read')
  expect([read.status, read.challenge]).toEqual([403, expect.stringContaining('todo:write')])
  expect(await ask('resources/subscribe')).toEqual(read)
})

test('the transport that has no subscriptions says so, whatever the scopes', async () => {
  const headers = statelessHeaders('resources/subscribe', uri)
  const { status, text } = await ask('resources/subscribe', headers, { _meta: META })
  expect([status, text]).toEqual([404, expect.stringContaining('-32601')])
})

test('a session does not subscribe without them either, should a message get there', async () => {
  const principal = { user: 'p', grant: 'g', client: 'c', scopes: ['todo:read'], expiresAtSeconds: 2_000 }
  const subscriber = { principal, session: 's', userApi: never, words: served.words }
  await expect(subscribe(makeReads(product), uri, subscriber)).rejects.toThrow('may not do that')
})
