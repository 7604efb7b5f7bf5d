import { expect, test } from 'vitest'
import { callIn, callsOf, type Transport, TRANSPORTS } from './raw.ts'
import { connect } from './clients.ts'

// The answers to a call that the token's scopes do not cover. http.test.ts covers the challenge itself.
const LINK = (user: string) => `https://mcp.example.test/step-up/${user}~${'a'.repeat(32)}`

async function addIn(transport: Transport, bearer: string) {
  const response = await callIn(transport, bearer, 'addTodo', { text: 'x' })
  const { status, headers } = response
  const body: unknown = await response.json()
  return { status, challenge: headers.get('www-authenticate'), cache: headers.get('cache-control'), body }
}

test.each(TRANSPORTS)(
  '%s: the first denial of a tool is a challenge with a link in its body',
  async (transport) => {
    const user = `kim_${transport}`
    const plain = await addIn(transport, `${user}:unlinked:r.client-a`)
    const linked = await addIn(transport, `${user}:g1:r.client-a`)
    expect(plain.status).toBe(403)
    expect(linked).toMatchObject({
      status: 403,
      challenge: plain.challenge,
      cache: plain.cache,
      body: {
        jsonrpc: '2.0',
        id: 1,
        error: { code: -31_000, data: { error: 'insufficient_scope', scope: 'todo:read todo:write' } },
      },
    })
    expect(JSON.stringify(plain.body)).not.toContain('step-up')
    const text = JSON.stringify(linked.body)
    expect(text).toContain(`\\n${LINK(user)}"`)
    expect(text).toContain('addTodo needs todo:write')
    expect(await callsOf(user)).toEqual([])
  },
)

// Many clients do not show a 403, and only some of them refresh, so the token may be the same.
test.each(
  TRANSPORTS.flatMap((transport) =>
    (['first-client', 'other-client'] as const).map((next) => [transport, next] as const),
  ),
)(
  '%s: a second denial of the same tool, to %s, is the error of the tool with the link',
  async (transport, next) => {
    const user = `lee_${transport}_${next.slice(0, 5)}`
    expect((await addIn(transport, `${user}:g1:r.first-client`)).status).toBe(403)
    const second = await addIn(transport, `${user}:g1:r.${next}`)
    expect(second).toMatchObject({
      status: 200,
      cache: 'no-store',
      body: {
        jsonrpc: '2.0',
        id: 1,
        result: {
          isError: true,
          content: [{ type: 'text' }],
          _meta: { 'io.modelcontextprotocol/serverInfo': { name: 'pingone-davinci-mcp-server' } },
        },
      },
    })
    expect(JSON.stringify(second.body)).toContain(LINK(user))
    expect(await callsOf(user)).toEqual([])
  },
)

test.each([
  ['denied', 'did not allow it'],
  ['narrowed', 'has allowed it already'],
])(
  'who can be sent nowhere hears why, in the challenge and then as the error of the tool: %s',
  async (grant, why) => {
    const bearer = `ola_${grant}:${grant}:r.client-a`
    const first = await addIn('stateless', bearer)
    expect(first.status).toBe(403)
    const second = await addIn('stateless', bearer)
    expect(second).toMatchObject({ status: 200, body: { result: { isError: true } } })
    for (const { body } of [first, second]) {
      expect(JSON.stringify(body)).toContain(why)
      expect(JSON.stringify(body)).not.toContain('/step-up/')
    }
  },
)

test('a User that does not answer costs the link, not the challenge', async () => {
  const bearer = 'moe:unlinkable:r.client-a'
  const { status, challenge, body } = await addIn('stateless', bearer)
  expect({ status, body }).toMatchObject({
    status: 403,
    body: { jsonrpc: '2.0', id: 1, error: { data: { error: 'insufficient_scope' } } },
  })
  expect(challenge).toContain('error="insufficient_scope"')
})

test.each(['v1', 'v2', 'v2-stateless'] as const)(
  '%s: what the SDK makes of both answers, without a sign-in of its own',
  async (kind) => {
    const user = `nan_${kind.replace('-', '_')}`
    let bearer = `${user}:g1:r.client-a`
    const { client } = await connect(kind, () => bearer)
    const call = async () => client.callTool({ name: 'addTodo', arguments: { text: 'x' } })
    const errorText = await call().then(
      () => 'no error',
      (error: unknown) => String(error),
    )
    // SDK v1 shows the body to the caller. SDK v2 shows only the challenge.
    expect(errorText.includes(LINK(user))).toBe(kind === 'v1')
    bearer = `${user}:g1:r.client-b`
    if (kind !== 'v2-stateless') return
    const second = await call()
    expect(JSON.stringify(second.content)).toContain(LINK(user))
    expect(second.isError).toBe(true)
  },
)
