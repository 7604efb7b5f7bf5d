import { evictDurableObject } from 'cloudflare:test'
import { env } from 'cloudflare:workers'
import { dataOf } from '#mcp/edge/answer-pass.ts'
import { expect, test } from 'vitest'
import { MOST_URI_CHARACTERS, URIS_PER_SESSION } from '#users/bounds.ts'
import { callMessage } from '#harness/messages.ts'
import { callsOf, follow, openSession, post, send, sessionObject } from './raw.ts'

const LIST = 'todo://list'
const about = (method: string, params: object) => ({ jsonrpc: '2.0', id: 1, method, params })

async function ask(bearer: string, session: string, verb: 'subscribe' | 'unsubscribe', uri: unknown) {
  const message = about(`resources/${verb}`, { uri })
  const response = await post(bearer, message, { 'mcp-session-id': session })
  return { status: response.status, headers: response.headers, text: await response.text() }
}

const nameOf = (session: string) => session.split('.')[0] ?? ''

/** The session's open stream, and the updated URIs that it received. */
async function listen(bearer: string, session: string) {
  const response = await send('GET', bearer, { 'mcp-session-id': session })
  expect(response.status).toBe(200)
  const events = follow(response)
  return {
    events,
    uris: () =>
      [...events.text.matchAll(/"notifications\/resources\/updated","params":(\{[^}]*\})/g)].map(
        ([, uri]) => uri,
      ),
  }
}

const add = async (bearer: string, session: string, text: string) =>
  (await post(bearer, callMessage('addTodo', { text }), { 'mcp-session-id': session })).text()

test('a session hears on its stream that what it subscribed to may have changed, and never what', async () => {
  const bearer = 'hears:g1:rw.client'
  const session = await openSession(bearer)
  const stream = await listen(bearer, session)
  expect((await ask(bearer, session, 'subscribe', LIST)).text).toContain('"result":{}')
  expect((await ask(bearer, session, 'subscribe', LIST)).text).toContain('"result":{}')
  expect((await ask(bearer, session, 'subscribe', 'todo://items/a')).text).toContain('"result":{}')
  await add(bearer, session, 'A private thing')
  await expect.poll(stream.uris).toEqual([`{"uri":"${LIST}"}`, '{"uri":"todo://items/a"}'])
  expect(stream.events.text).not.toContain('private')
  expect((await ask(bearer, session, 'unsubscribe', LIST)).text).toContain('"result":{}')
  await add(bearer, session, 'Another')
  await expect.poll(() => stream.uris().slice(2)).toEqual(['{"uri":"todo://items/a"}'])
  // No resource was read.
  expect(JSON.stringify(await callsOf('hears'))).not.toContain('resource/')
})

test('an object that was taken out of memory while its client listens sends it all the same', async () => {
  const bearer = 'sleeps:g1:rw.client'
  const session = await openSession(bearer)
  const stream = await listen(bearer, session)
  await ask(bearer, session, 'subscribe', LIST)
  await evictDurableObject(sessionObject(session))
  await evictDurableObject(env.USER.getByName('sleeps'))
  await env.USER.getByName('sleeps').tellAll()
  await expect.poll(stream.uris).toEqual([`{"uri":"${LIST}"}`])
})

test('an object that died has lost its stream, and what was subscribed is told on the next one', async () => {
  const bearer = 'dies:g1:rw.client'
  const session = await openSession(bearer)
  const lost = await listen(bearer, session)
  await ask(bearer, session, 'subscribe', LIST)
  await sessionObject(session)
    .die()
    .catch(() => {})
  await expect.poll(() => lost.events.isOver).toBe(true)
  const stream = await listen(bearer, session)
  await env.USER.getByName('dies').tellAll()
  await expect.poll(stream.uris).toEqual([`{"uri":"${LIST}"}`])
})

test('the newest stream hears it, and without a stream nothing is kept for later', async () => {
  const bearer = 'returns:g1:rw.client'
  const session = await openSession(bearer)
  await ask(bearer, session, 'subscribe', LIST)
  await env.USER.getByName('returns').tellAll()
  const first = await listen(bearer, session)
  const second = await listen(bearer, session)
  await env.USER.getByName('returns').tellAll()
  await expect.poll(second.uris).toEqual([`{"uri":"${LIST}"}`])
  expect([first.uris(), first.events.isOver]).toEqual([[], false])
})

test('what an earlier grant subscribed to is not told to the one that took the session over', async () => {
  const [earlier, later] = ['over:g1:rw.client', 'over:g2:rw.client']
  const session = await openSession(earlier)
  const before = await listen(earlier, session)
  const stream = await listen(later, session)
  await sessionObject(session).tellChanged({ grant: 'g1', uris: ['todo://items/earlier'] })
  await sessionObject(session).tellChanged({ grant: 'g2', uris: ['todo://items/later'] })
  await expect.poll(stream.uris).toEqual(['{"uri":"todo://items/later"}'])
  expect(before.uris()).toEqual([])
})

test('what does not exist cannot be subscribed to, as it cannot be read; unsubscribing it is no error', async () => {
  const bearer = 'nowhere:g1:rw.client'
  const session = await openSession(bearer)
  for (const uri of ['todo://nothing', 'todo://items/..%2F', 'file:///etc/passwd', '']) {
    const read = await post(bearer, about('resources/read', { uri }), { 'mcp-session-id': session })
    const { status, text } = await ask(bearer, session, 'subscribe', uri)
    expect([status, JSON.parse(dataOf(text))]).toEqual([200, JSON.parse(dataOf(await read.text()))])
    expect(text).toContain('-32002')
    expect((await ask(bearer, session, 'unsubscribe', uri)).text).toContain('"result":{}')
  }
  expect((await ask(bearer, session, 'subscribe', 7)).text).toContain('-32602')
  expect((await ask(bearer, session, 'unsubscribe', undefined)).text).toContain('-32602')
})

test('a session subscribes to so many resources and not to one more, until it unsubscribes from one', async () => {
  const bearer = 'many:g1:rw.client'
  const session = await openSession(bearer)
  for (let count = 0; count < URIS_PER_SESSION; count += 1)
    expect((await ask(bearer, session, 'subscribe', `todo://items/a${count}`)).text).toContain('"result":{}')
  const denial = await ask(bearer, session, 'subscribe', LIST)
  expect([denial.status, denial.text]).toEqual([200, expect.stringContaining('as many subscriptions')])
  // Repeating a subscription adds none.
  expect((await ask(bearer, session, 'subscribe', 'todo://items/a0')).text).toContain('"result":{}')
  await ask(bearer, session, 'unsubscribe', 'todo://items/a0')
  expect((await ask(bearer, session, 'subscribe', LIST)).text).toContain('"result":{}')
  // The limit is per session.
  const other = await openSession(bearer)
  expect((await ask(bearer, other, 'subscribe', LIST)).text).toContain('"result":{}')
})

test('an address is kept up to a length', async () => {
  const user = env.USER.getByName('long')
  const long = 'x'.repeat(MOST_URI_CHARACTERS)
  expect(await user.subscribe(nameOf('s.x'), 'g1', long)).toBe('done')
  expect(await user.subscribe(nameOf('s.x'), 'g1', `${long}x`)).toBe('too_long')
})

test('HTTP says what a subscription could not say: 401 for a grant that ended, 503 for an outage', async () => {
  const session = await openSession('says:g1:rw.client')
  const ended = await ask('says:ended:rw.client', session, 'subscribe', LIST)
  expect([ended.status, ended.headers.get('www-authenticate')]).toEqual([
    401,
    expect.stringContaining('invalid_token'),
  ])
  const down = await ask('says:down:rw.client', session, 'subscribe', LIST)
  expect([down.status, down.headers.get('retry-after')]).toEqual([503, '5'])
  const closed = await ask('says:closed:rw.client', session, 'subscribe', LIST)
  expect(closed.text).toContain('-32001')
})
