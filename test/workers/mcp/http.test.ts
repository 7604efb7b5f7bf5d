import { expect, test } from 'vitest'
import { toWorker } from './clients.ts'
import { callMessage } from '#harness/messages.ts'
import { callIn, callsOf, callStateless, openSession, post, send, TRANSPORTS } from './raw.ts'

const ADA = 'ada:g1:rw.client-a'

test.each(TRANSPORTS)('%s: a call without the scope is 403 with every scope', async (transport) => {
  const bearer = `gus_${transport}:g1:r.client-a`
  const response = await callIn(transport, bearer, 'addTodo', { text: 'x' })
  expect(response.status).toBe(403)
  const challenge = response.headers.get('www-authenticate')
  expect(challenge).toContain('error="insufficient_scope"')
  expect(challenge).toContain('scope="todo:read todo:write"')
  expect(challenge).toContain(
    'resource_metadata="https://mcp.example.test/.well-known/oauth-protected-resource/mcp"',
  )
  await response.text()
  expect(await callsOf(`gus_${transport}`)).toEqual([])
})

test.each(TRANSPORTS)('%s: an ended grant is 401, an outage is 503', async (transport) => {
  const call = (bearer: string) => callIn(transport, bearer, 'listTodos')
  const ended = await call('hal:ended:rw.client-a')
  expect(ended.status).toBe(401)
  expect(ended.headers.get('www-authenticate')).toContain('error="invalid_token"')
  expect(ended.headers.get('www-authenticate')).toContain('/.well-known/oauth-protected-resource/mcp"')
  const down = await call('hal:down:rw.client-a')
  expect(down.status).toBe(503)
  expect(down.headers.get('retry-after')).toBe('7')
  await Promise.all([ended.text(), down.text()])
})

test.each(TRANSPORTS)(
  '%s: a call whose token the API refuses goes on with a newer one',
  async (transport) => {
    const user = `ida_${transport}`
    const response = await callIn(transport, `${user}:stale:rw.client-a`, 'addTodo', { text: transport })
    expect(response.status).toBe(200)
    const text = await response.text()
    expect(text).toContain('Added. ')
    expect(text).toContain(`"text":"${transport}"`)
    expect(await callsOf(user)).toMatchObject([{ tool: 'addTodo', outcome: 'done' }])
  },
)

test('stateless: where PingOne says that the grant is dead, it is 401; where it is down, 503', async () => {
  const dead = await callIn('stateless', 'jo:stale_dead:rw.client-a', 'addTodo', { text: 'x' })
  expect(dead.status).toBe(401)
  expect(dead.headers.get('www-authenticate')).toContain('error="invalid_token"')
  const down = await callIn('stateless', 'jo:stale_down:rw.client-a', 'addTodo', { text: 'x' })
  expect([down.status, down.headers.get('retry-after')]).toEqual([503, '9'])
  await Promise.all([dead.text(), down.text()])
})

// Decision 7: the answer of a session has begun, so the call ends as a tool error. The next request is 401 or 503.
test('session: a grant that PingOne ends during a call is an error of the tool, and so is an outage', async () => {
  const dead = await callIn('session', 'joe:stale_dead:rw.client-a', 'addTodo', { text: 'x' })
  expect(await dead.text()).toMatch(/This access has ended\. Nothing was changed\..*"isError":true/)
  const down = await callIn('session', 'joe:stale_down:rw.client-a', 'addTodo', { text: 'x' })
  expect(await down.text()).toMatch(/Try again in 9 seconds.*"isError":true/)
  expect([dead.status, down.status]).toEqual([200, 200])
})

test.each(TRANSPORTS)(
  '%s: an API that refuses the newest token is a denial of the tool',
  async (transport) => {
    const response = await callIn(transport, `kim_${transport}:stale_always:rw.client-a`, 'listTodos')
    expect(response.status).toBe(200)
    const text = await response.text()
    expect(text).toContain('The Todo API does not accept the token of this server. Nothing was changed.')
    expect(text).not.toContain('IGNORE')
  },
)

test('a batch is refused, also one that hides a call without scope', async () => {
  const response = await post('ada:g1:r.client-a', [
    callMessage('listTodos'),
    callMessage('addTodo', { text: 'x' }),
  ])
  expect(response.status).toBe(400)
  expect(await response.json()).toMatchObject({ error: { code: -32600 } })
})

test('a body of 5 MB is refused without being read to its end', async () => {
  const response = await post(ADA, { padding: 'x'.repeat(5_000_000) })
  expect(response.status).toBe(413)
  await response.text()
})

test.each(['', '{', '\u00ff{}'])('a body that is not JSON is a parse error: %j', async (body) => {
  const response = await send('POST', ADA, {}, body)
  expect(response.status).toBe(400)
  expect(await response.json()).toMatchObject({ error: { code: -32700 } })
})

test('only the exact path is the endpoint', async () => {
  for (const path of ['/mcp/', '/mcp/x']) {
    const response = await send('POST', ADA, {}, '{}', `https://mcp.example.test${path}`)
    expect(response.status).toBe(404)
    await response.text()
  }
})

test('the query of a request does not reach the library', async () => {
  const session = await openSession(ADA)
  const url = 'https://mcp.example.test/mcp?_pk=chosen-by-a-stranger'
  const response = await send(
    'POST',
    ADA,
    { 'mcp-session-id': session },
    JSON.stringify(callMessage('whoAmI')),
    url,
  )
  expect(await response.text()).toContain('Ada Lovelace')
})

test('a foreign origin is 403 before the bearer is looked at, in every method', async () => {
  for (const method of ['POST', 'GET', 'DELETE', 'OPTIONS']) {
    const response = await toWorker('https://mcp.example.test/mcp', {
      method,
      headers: { origin: 'https://evil.example' },
    })
    expect(response.status).toBe(403)
    await response.text()
  }
})

test('an allowed origin gets its own name back and may read the session id', async () => {
  const origin = 'https://inspector.example.test'
  const session = await openSession(ADA)
  const answers = [
    await post(ADA, callMessage('whoAmI'), { origin, 'mcp-session-id': session }),
    await callStateless(ADA, 'whoAmI', {}, { origin }),
  ]
  for (const answer of answers) {
    expect(answer.status).toBe(200)
    expect(answer.headers.get('access-control-allow-origin')).toBe(origin)
    expect(answer.headers.get('access-control-expose-headers')).toContain('Mcp-Session-Id')
    await answer.text()
  }
})

test('a method that MCP does not have is 405', async () => {
  const response = await send('PUT', ADA, {}, '{}')
  expect(response.status).toBe(405)
  expect(response.headers.get('allow')).toBe('POST, GET, DELETE, OPTIONS')
  await response.text()
})

test('the stateless transport takes no session: one that is sent is ignored', async () => {
  const response = await callStateless(ADA, 'whoAmI', {}, { 'mcp-session-id': 'made-up' })
  expect(response.status).toBe(200)
  expect(response.headers.get('mcp-session-id')).toBeNull()
  await response.text()
})

test('a forged principal does nothing on the stateless transport', async () => {
  const response = await callStateless('ivy:g1:rw.client-a', 'whoAmI', {}, { 'x-mcp-auth-principal': 'e30' })
  expect(response.status).toBe(200)
  await response.text()
  expect(await callsOf('ivy')).toMatchObject([{ tool: 'whoAmI', grant: 'g1', transport: 'stateless' }])
})

test('requests without a session, or with an unknown revision, get the answers of the specification', async () => {
  const noSession = await post(ADA, callMessage('whoAmI'))
  expect(noSession.status).toBe(400)
  const unknown = await callStateless(ADA, 'whoAmI', {}, { 'mcp-protocol-version': '2099-01-01' })
  expect(unknown.status).toBe(400)
  await Promise.all([noSession.text(), unknown.text()])
})

test.each(TRANSPORTS)('%s: a body that does not say that it is JSON is 415', async (transport) => {
  const headers = { 'content-type': 'text/plain' }
  const response = await callIn(transport, ADA, 'whoAmI', {}, { headers })
  expect(response.status).toBe(415)
  await response.text()
})

test('a page of an allowed origin may read the challenge for more scopes', async () => {
  const origin = 'https://inspector.example.test'
  const answer = await callStateless('ada:g1:r.client-a', 'addTodo', { text: 'milk' }, { origin })
  expect(answer.status).toBe(403)
  expect(answer.headers.get('access-control-allow-origin')).toBe(origin)
  expect(answer.headers.get('access-control-expose-headers')).toMatch(/Mcp-Session-Id.*WWW-Authenticate/)
  await answer.text()
})
