import { expect, test } from 'vitest'
import { callMessage, callStateless, callsOf, openSession, post } from './raw.ts'
import { connect } from './clients.ts'

// What a client gets for a call that its token does not cover, beside the challenge itself (http.test.ts).
const LANES = ['stateful', 'stateless'] as const
const LINK = (person: string) => `https://mcp.example.test/step-up/${person}~${'a'.repeat(32)}`

async function callIn(lane: (typeof LANES)[number], bearer: string) {
  const response =
    lane === 'stateless'
      ? await callStateless(bearer, 'addTodo', { text: 'x' })
      : await post(bearer, callMessage('addTodo', { text: 'x' }), {
          'mcp-session-id': await openSession(bearer),
        })
  const { status, headers } = response
  const body: unknown = await response.json()
  return { status, challenge: headers.get('www-authenticate'), cache: headers.get('cache-control'), body }
}

test.each(LANES)('%s: the challenge stays as it is, and its body has a link for the person', async (lane) => {
  const person = `kim_${lane}`
  const plain = await callIn(lane, `${person}:unlinked:r.client-a`)
  const linked = await callIn(lane, `${person}:g1:r.client-a`)
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
  expect(text).toContain(`\\n${LINK(person)}"`)
  expect(text).toContain('addTodo needs todo:write')
  // The same token once more: the same answer. A client may be asked to sign in again as often as it likes.
  expect(await callIn(lane, `${person}:g1:r.client-a`)).toEqual(linked)
  expect(await callsOf(person)).toEqual([])
})

test.each(LANES)(
  '%s: a client that refreshed and asks again gets the link as the error of the tool',
  async (lane) => {
    const person = `lee_${lane}`
    expect((await callIn(lane, `${person}:g1:r.first-client`)).status).toBe(403)
    const again = await callIn(lane, `${person}:g1:r.other-client`)
    expect(again).toMatchObject({
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
    expect(JSON.stringify(again.body)).toContain(LINK(person))
    expect(await callsOf(person)).toEqual([])
  },
)

test('a Person that does not answer costs the link, not the challenge', async () => {
  const bearer = 'moe:unlinkable:r.client-a'
  const { status, challenge, body } = await callIn('stateless', bearer)
  expect({ status, body }).toMatchObject({ status: 403, body: { error: 'insufficient_scope' } })
  expect(challenge).toContain('error="insufficient_scope"')
})

test.each(['v1', 'v2', 'v2-stateless'] as const)(
  '%s: what the SDK makes of both answers, without a sign-in of its own',
  async (kind) => {
    const person = `nan_${kind.replace('-', '_')}`
    let bearer = `${person}:g1:r.client-a`
    const { client } = await connect(kind, () => bearer)
    const call = async () => client.callTool({ name: 'addTodo', arguments: { text: 'x' } })
    const refused = await call().then(
      () => 'no error',
      (error: unknown) => String(error),
    )
    // SDK v1 shows the body to whoever called. SDK v2 shows only what is in the challenge.
    expect(refused.includes(LINK(person))).toBe(kind === 'v1')
    bearer = `${person}:g1:r.client-b`
    if (kind !== 'v2-stateless') return
    const again = await call()
    expect(JSON.stringify(again.content)).toContain(LINK(person))
    expect(again.isError).toBe(true)
  },
)
