import { evictDurableObject, listDurableObjectIds, runInDurableObject } from 'cloudflare:test'
import { env } from 'cloudflare:workers'
import { expect, test } from 'vitest'
import { PRINCIPAL_HEADER, writePrincipal } from '#mcp/session/headers.ts'
import { connect } from './clients.ts'
import { callMessage } from '#harness/messages.ts'
import { callsOf, openSession, post, send, sessionObject, storedCalls } from './raw.ts'
import { McpSession } from './worker.ts'

const ADA = 'ada:g1:rw.client-a'
const whoAmI = callMessage('whoAmI')
const objects = async () => (await listDurableObjectIds(env.MCP_SESSION)).length

test('a session id opens only for its user and client; for others it does not exist', async () => {
  const session = await openSession(ADA)
  const count = await objects()
  for (const bearer of ['bob:g1:rw.client-a', 'ada:g1:rw.client-b']) {
    for (const method of ['POST', 'GET', 'DELETE']) {
      const body = method === 'POST' ? JSON.stringify(whoAmI) : undefined
      const response = await send(method, bearer, { 'mcp-session-id': session }, body)
      expect(response.status).toBe(404)
      expect(await response.json()).toMatchObject({ error: { code: -32001, message: 'Session not found' } })
    }
  }
  expect(await objects()).toBe(count)
  expect(await callsOf('bob')).toEqual([])
  const own = await post(ADA, whoAmI, { 'mcp-session-id': session })
  expect(own.status).toBe(200)
  expect(own.headers.get('mcp-session-id')).toBe(session)
  expect(await own.text()).toContain('Ada Lovelace')
})

test('a made-up session id is 404 and makes no object', async () => {
  const session = await openSession(ADA)
  const count = await objects()
  const [name = ''] = session.split('.')
  const madeUp = [
    'x',
    name,
    `${'0'.repeat(64)}.${'A'.repeat(43)}`,
    `${name}.${'A'.repeat(43)}`,
    `${session}A`,
    '',
  ]
  for (const id of madeUp) {
    const response = await post(ADA, whoAmI, { 'mcp-session-id': id })
    expect(response.status).toBe(404)
    await response.text()
  }
  expect(await objects()).toBe(count)
})

test('a session that was deleted is 404', async () => {
  const session = await openSession(ADA)
  expect((await send('DELETE', ADA, { 'mcp-session-id': session })).status).toBe(204)
  const response = await post(ADA, whoAmI, { 'mcp-session-id': session })
  expect(response.status).toBe(404)
  await response.text()
})

test('a read that was answered is on record as done, also when its client deletes the session at once', async () => {
  const bearer = 'ivan:g1:rw.client-a'
  const session = await openSession(bearer)
  const answer = await post(bearer, callMessage('listTodos'), { 'mcp-session-id': session })
  expect(await answer.text()).toContain('"total"')
  expect((await send('DELETE', bearer, { 'mcp-session-id': session })).status).toBe(204)
  // The object of the session may be gone from now on.
  expect(await storedCalls('ivan')).toMatchObject([{ tool: 'listTodos', outcome: 'done' }])
})

test('headers that steer the library or name a principal do nothing when a client sends them', async () => {
  const bob = {
    user: 'bob',
    client: 'client-a',
    grant: 'gb',
    scopes: ['todo:read'],
    expiresAtSeconds: 2_000_000_000,
    tokenHash: 'hash',
    canAudit: false,
    isNameHidden: false,
    hidden: [],
  }
  const forged = {
    [PRINCIPAL_HEADER]: writePrincipal(bob),
    'x-agents-lifecycle-props': '%%%',
    'cf-mcp-method': 'GET',
    'cf-mcp-message': btoa(JSON.stringify([callMessage('listTodos')])),
  }
  const session = await openSession('carol:g1:rw.client-a')
  const response = await post('carol:g1:rw.client-a', whoAmI, { ...forged, 'mcp-session-id': session })
  expect(response.status).toBe(200)
  expect(await response.text()).toContain('Ada Lovelace')
  expect(await callsOf('carol')).toMatchObject([{ tool: 'whoAmI', grant: 'g1' }])
  expect(await callsOf('bob')).toEqual([])
})

test('a refreshed bearer in the same session has its own scopes and grant', async () => {
  let bearer = 'dora:g1:r.client-a'
  const { client, transport } = await connect('v1', () => bearer)
  const session = transport.sessionId
  await expect(client.callTool({ name: 'addTodo', arguments: { text: 'x' } })).rejects.toThrow(/403|scope/i)
  bearer = 'dora:g2:rw.client-a'
  expect(await client.callTool({ name: 'addTodo', arguments: { text: 'x' } })).toMatchObject({
    structuredContent: { total: 1 },
  })
  expect((await client.listTools()).tools[2]?.description).not.toContain('Needs')
  expect(transport.sessionId).toBe(session)
  expect(await callsOf('dora')).toMatchObject([{ tool: 'addTodo', grant: 'g2' }])
})

test('a request under another grant closes the streams of the old one', async () => {
  const session = await openSession('emma:g1:rw.client-a')
  const stream = await send('GET', 'emma:g1:rw.client-a', { 'mcp-session-id': session })
  expect(stream.status).toBe(200)
  const same = await post('emma:g1:rw.client-a', whoAmI, { 'mcp-session-id': session })
  await same.text()
  const other = await post('emma:g2:rw.client-a', whoAmI, { 'mcp-session-id': session })
  expect(await other.text()).toContain('Ada Lovelace')
  expect(await stream.text()).toBe('')
})

test('a session that was evicted is still its owner’s alone, with the bearer of each request', async () => {
  const session = await openSession('gina:g1:rw.client-a')
  await evictDurableObject(sessionObject(session))
  const stranger = await post('bob:g1:rw.client-a', whoAmI, { 'mcp-session-id': session })
  expect(stranger.status).toBe(404)
  const own = await post('gina:g3:rw.client-a', whoAmI, { 'mcp-session-id': session })
  expect(own.status).toBe(200)
  await Promise.all([stranger.text(), own.text()])
  expect(await callsOf('gina')).toMatchObject([{ tool: 'whoAmI', grant: 'g3' }])
})

test('a session keeps no token, no principal and no result in its storage', async () => {
  const session = await openSession('fay:g1:rw.client-a')
  const answer = await post('fay:g1:rw.client-a', callMessage('addTodo', { text: 'A private thing' }), {
    'mcp-session-id': session,
  })
  // An event id would mean that an event store keeps the event.
  expect(await answer.text()).not.toMatch(/^id: /m)
  const stub = sessionObject(session)
  const stored = await runInDurableObject(stub, async (_object, state) => {
    const tables = state.storage.sql
      .exec<{ name: string }>(
        "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE '\\_cf\\_%' ESCAPE '\\'",
      )
      .toArray()
    const rows = tables.map(({ name }) => state.storage.sql.exec(`SELECT * FROM "${name}"`).toArray())
    return JSON.stringify([...(await state.storage.list()), rows])
  })
  expect(stored).toContain('initialize')
  for (const secret of ['fay:g1', 'must-not-leak', 'A private thing', 'secretOfTheLibrary', 'eyJ']) {
    expect(stored).not.toContain(secret)
  }
})

test('the headers on the way to a session show no argument of a call', async () => {
  const bearer = 'private:gp:rw.client'
  const session = await openSession(bearer)
  const secret = 'buy a surprise for ada'
  const before = McpSession.headers.length
  const added = await post(bearer, callMessage('addTodo', { text: secret }), { 'mcp-session-id': session })
  expect(await added.text()).toContain(secret)
  const headers = McpSession.headers.slice(before)
  expect(headers.length).toBeGreaterThan(0)
  const decode = (word: string) =>
    atob(
      word
        .replaceAll('-', '+')
        .replaceAll('_', '/')
        .slice(0, word.length - (word.length % 4)),
    )
  const decoded = (text: string) => text.replaceAll(/[A-Za-z0-9+/_-]{16,}/g, decode)
  for (const text of headers) for (const form of [text, decoded(text)]) expect(form).not.toContain(secret)
})
