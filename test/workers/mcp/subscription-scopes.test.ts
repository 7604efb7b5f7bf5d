import { createExecutionContext } from 'cloudflare:test'
import { env } from 'cloudflare:workers'
import { expect, test } from 'vitest'
import { makeMcpEndpoint } from '#mcp/endpoint.ts'
import { makeReads } from '#mcp/lists/reads.ts'
import { subscribe } from '#mcp/session/subscribe.ts'
import type { AnyResource } from '#catalog/define-resource.ts'
import { mcpRequest, META, rpcRequest, statelessHeaders } from '#harness/messages.ts'
import { HEAD } from '#harness/policy.ts'
import { served } from '#harness/product.ts'
import { ORIGIN } from '../settings.ts'
import { bearerAuth } from '../wire.ts'

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

const { enter, handler } = makeMcpEndpoint({
  productOf: () => product,
  deps: { now: () => 1_000, deadlines: { toolMs: 6_000, apiMs: 2_500 } },
  settings: never,
  userOf: () => env.USER.getByName('scopes'),
  head: async () => HEAD,
})

async function ask(method: string, headers: Record<string, string> = {}, params = {}) {
  const auth = bearerAuth('scopes', 'unlinked', ['todo:read'])
  const ctx = Object.assign(createExecutionContext(), { auth, props: {} })
  const message = rpcRequest(method, { uri, ...params })
  const request = new Request(`${ORIGIN}/mcp`, mcpRequest(null, message, headers))
  await enter(request, env, { user: 'scopes', grant: 'unlinked', token: 'r.client', audience: auth.audience })
  const answer = await handler.fetch(request, env, ctx)
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
  const principal = {
    user: 'p',
    grant: 'g',
    client: 'c',
    scopes: ['todo:read'],
    expiresAtSeconds: 2_000,
    tokenHash: 'hash',
    canAudit: false,
    isNameHidden: false,
    hidden: [],
  }
  const subscriber = {
    principal,
    session: 's',
    userApi: { subscribe: never, unsubscribe: never },
    words: served.words,
  }
  await expect(subscribe(makeReads(product), uri, subscriber)).rejects.toThrow('may not do that')
})
