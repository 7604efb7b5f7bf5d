import { request } from 'node:http'
import { text } from 'node:stream/consumers'
import { expect, test } from 'vitest'
import { TRANSPORTS, openTransport } from '#harness/transport.ts'
import { storyContext } from '#harness/story.ts'

const story = storyContext()

/** fetch does not allow a custom Host or Origin. */
const raw = (
  path: string,
  {
    method = 'POST',
    headers,
    body = '',
  }: { method?: string; headers: Readonly<Record<string, string>>; body?: string },
) =>
  new Promise<{ status: number; body: string }>((resolve, reject) => {
    const sent = request(new URL(path, story.origin), { method, headers }, (response) => {
      void text(response).then((whole) => resolve({ status: response.statusCode ?? 0, body: whole }), reject)
    })
    sent.once('error', reject)
    sent.end(body)
  })

test.for(TRANSPORTS)(
  'T22 %s: a request for another host is 421 on every path, with a good bearer too',
  async (transport) => {
    const { headers, message, todos } = await openTransport(story, transport)
    const body = JSON.stringify(message('addTodo', { text: 'smuggled' }))
    for (const host of [
      'evil.example',
      'localhost',
      'localhost.evil.example',
      'localhost:1',
      'mcp.example.com:443',
    ]) {
      for (const path of ['/mcp', '/', '/authorize', '/token', '/.well-known/oauth-authorization-server']) {
        const answer = await raw(path, { headers: { ...headers, host }, body })
        expect([host, path, answer.status]).toEqual([host, path, 421])
        expect(answer.body).not.toContain('issuer')
      }
    }
    expect(await todos()).toEqual([])
  },
)

test('a host that only claims to be forwarded changes nothing', async () => {
  const headers = {
    'x-forwarded-host': 'evil.example',
    'x-forwarded-proto': 'https',
    forwarded: 'host=evil.example',
  }
  const answer = await raw('/.well-known/oauth-authorization-server', { method: 'GET', headers })
  expect(answer.body).not.toContain('evil.example')
})

test.for(TRANSPORTS)(
  'T21 %s: a foreign origin is 403 before the bearer is looked at, in every method',
  async (transport) => {
    const { headers, message, todos } = await openTransport(story, transport)
    const { authorization: _taken, ...strange } = headers
    const body = JSON.stringify(message('addTodo', { text: 'smuggled' }))
    const { port } = new URL(story.origin)
    for (const origin of [
      'https://evil.example',
      'null',
      'http://localhost',
      `http://127.0.0.1:${port}`,
      `http://localhost:${port}.evil.example`,
    ]) {
      for (const method of ['POST', 'GET', 'DELETE', 'OPTIONS']) {
        for (const bearer of [headers, strange]) {
          const { status } = await raw('/mcp', {
            method,
            headers: { ...bearer, origin },
            ...(method === 'POST' ? { body } : {}),
          })
          expect([origin, method, status]).toEqual([origin, method, 403])
        }
      }
    }
    const own = await raw('/mcp', {
      headers: { ...headers, origin: story.origin },
      body: JSON.stringify(message('listTodos')),
    })
    expect(own.status).not.toBe(403)
    expect(await todos()).toEqual([])
  },
)

const base64 = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url')

test.for(TRANSPORTS)(
  '%s: headers that steer the library, or name a principal, do nothing',
  async (transport) => {
    const mine = await openTransport(story, transport)
    const theirs = await openTransport(story, transport)
    await theirs.call('addTodo', { text: 'of somebody else' })
    const [user, grant] = (theirs.headers['authorization'] ?? '').replace('Bearer ', '').split(':')
    const principal = {
      user,
      grant,
      client: 'any',
      scopes: ['todo:read', 'todo:write'],
      expiresAtSeconds: 2_000_000_000,
      tokenHash: 'hash',
      canAudit: false,
      isNameHidden: false,
      hidden: [],
    }
    const forged = {
      'x-mcp-auth-principal': base64(principal),
      'x-agents-lifecycle-props': JSON.stringify({ principal }),
      'x-agents-props': JSON.stringify({ principal }),
      'x-partykit-room': 'streamable-http:x',
      'x-partykit-namespace': 'mcp-session',
      'cf-mcp-method': 'GET',
      'cf-mcp-message': base64([mine.message('deleteTodo', { id: 'x' })]),
      'mcp-protocol-version': transport === 'stateless' ? '2026-07-28' : '2025-11-25',
      'x-forwarded-for': '127.0.0.1',
      'x-http-method-override': 'DELETE',
      cookie: 'userId=ada; __Host-oauth-approvals=x',
    }
    const { status, text: answer } = await mine.send(JSON.stringify(mine.message('listTodos')), {
      ...forged,
      ...(transport === 'stateless' ? { 'mcp-name': 'listTodos' } : {}),
    })
    expect(status).toBe(200)
    expect(answer).toContain('"total":0')
    expect(await theirs.todos()).toEqual(['of somebody else'])
  },
)
