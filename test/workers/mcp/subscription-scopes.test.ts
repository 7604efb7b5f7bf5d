import { createExecutionContext } from 'cloudflare:test'
import { env } from 'cloudflare:workers'
import { expect, test } from 'vitest'
import { makeMcpEndpoint } from '#mcp/endpoint.ts'
import { makeReads } from '#mcp/lists/reads.ts'
import { subscribe } from '#mcp/session/subscribe.ts'
import type { AnyResource } from '#catalog/define-resource.ts'
import { served } from '#harness/product.ts'

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
})

async function ask(method: string, headers: Record<string, string> = {}, params = {}) {
  const origin = 'https://mcp.example.test'
  const auth = {
    token: 'scopes:unlinked:secret',
    audience: `${origin}/mcp`,
    resourceMetadataUrl: `${origin}/.well-known/oauth-protected-resource/mcp`,
    userId: 'scopes',
    clientId: 'client',
    scope: ['todo:read'],
    expiresAt: 2_000,
  }
  const ctx = Object.assign(createExecutionContext(), { auth, props: {} })
  const request = new Request(`${origin}/mcp`, {
    method: 'POST',
    headers: {
      accept: 'application/json, text/event-stream',
      'content-type': 'application/json',
      ...headers,
    },
    body: JSON.stringify({ jsonrpc: '2.0', id: 1, method, params: { uri, ...params } }),
  })
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
  const meta = {
    'io.modelcontextprotocol/protocolVersion': '2026-07-28',
    'io.modelcontextprotocol/clientCapabilities': {},
  }
  const headers = {
    'mcp-protocol-version': '2026-07-28',
    'mcp-method': 'resources/subscribe',
    'mcp-name': uri,
  }
  const { status, text } = await ask('resources/subscribe', headers, { _meta: meta })
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
  }
  const subscriber = {
    principal,
    session: 's',
    userApi: { subscribe: never, unsubscribe: never },
    words: served.words,
  }
  await expect(subscribe(makeReads(product), uri, subscriber)).rejects.toThrow('may not do that')
})
