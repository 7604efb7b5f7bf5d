import { listDurableObjectIds, runInDurableObject } from 'cloudflare:test'
import { env } from 'cloudflare:workers'
import { expect, test, vi } from 'vitest'
import { callMessage, INITIALIZE } from '#harness/messages.ts'
import { callsOf, openSession, post, send, sessionObject } from './raw.ts'
import { waitingGrants } from './todo-api.ts'

/** Null while the object is being destroyed. */
const keysIn = (id: DurableObjectId): Promise<string[] | null> =>
  runInDurableObject(env.MCP_SESSION.get(id), async (_object, { storage }) => [
    ...(await storage.list()).keys(),
  ]).catch(() => null)

const untilApiCall = (grant: string) =>
  vi.waitUntil(() => waitingGrants.includes(grant), { timeout: 20_000, interval: 20 })

/** The object dies in the middle of a call, as in a release or after a bug. */
async function killDuringApiCall(session: string, grant: string): Promise<void> {
  await untilApiCall(grant)
  await sessionObject(session)
    .die()
    .catch(() => {})
}

const summaryOf = async (response: Response): Promise<unknown> => ({
  status: response.status,
  isLater: Number(response.headers.get('retry-after')) > 0,
  type: response.headers.get('content-type'),
  body: await response.json(),
})
const retryLater = (id: number | null) => ({
  status: 503,
  isLater: true,
  type: 'application/json',
  body: {
    jsonrpc: '2.0',
    id,
    error: { code: -31_000, message: 'This server could not answer. Try again later.' },
  },
})

test('a session that its user cannot put on the list is not given out, and its object does not stay', async () => {
  const before = new Set((await listDurableObjectIds(env.MCP_SESSION)).map(String))
  expect(await summaryOf(await post('hugo:unopenable:rw.client-a', INITIALIZE))).toEqual(retryLater(0))
  const [made, ...more] = (await listDurableObjectIds(env.MCP_SESSION)).filter(
    (id) => !before.has(String(id)),
  )
  expect(more).toEqual([])
  if (made === undefined) throw new Error('no object was made')
  // Its alarm erases it after a second. The remaining key comes from reading the storage.
  await expect.poll(() => keysIn(made), { timeout: 20_000 }).toEqual(['cf_agents:schema_version'])
})

test('a session that could not be closed says so, is open still, and can be closed later', async () => {
  const bearer = 'ines:g1:rw.unclosable'
  const session = await openSession(bearer)
  expect(await summaryOf(await send('DELETE', bearer, { 'mcp-session-id': session }))).toEqual(
    retryLater(null),
  )
  const call = await post(bearer, callMessage('whoAmI'), { 'mcp-session-id': session })
  expect(await call.text()).toContain('Ada Lovelace')
})

test('a session that dies in the middle of a write says that nobody knows its outcome', async () => {
  const bearer = 'jan:jan1:rw.client-a'
  const session = await openSession(bearer)
  const write = post(bearer, callMessage('addTodo', { text: 'hang' }), { 'mcp-session-id': session })
  await killDuringApiCall(session, 'jan1')
  const response = await write
  expect(response.status).toBe(200)
  expect(await response.json()).toMatchObject({
    jsonrpc: '2.0',
    id: 1,
    result: {
      isError: true,
      content: [{ text: expect.stringContaining('unknown whether this change was made') }],
    },
  })
  // No outcome was stored: the User reports it as unknown later (test/workers/crash).
  expect(await callsOf('jan')).toMatchObject([{ tool: 'addTodo', outcome: null }])
  const next = await post(bearer, callMessage('listTodos'), { 'mcp-session-id': session })
  expect(await next.text()).toContain('"structuredContent"')
})

test('a session that dies in the middle of anything else asks to be asked again', async () => {
  const bearer = 'kim:slow:rw.client-a'
  const session = await openSession(bearer)
  const read = post(bearer, callMessage('listTodos'), { 'mcp-session-id': session })
  await killDuringApiCall(session, 'slow')
  expect(await summaryOf(await read)).toEqual(retryLater(1))
})

test('a write whose session dies before it answers the Worker is not recorded as one that did nothing', async () => {
  const bearer = 'late:late:rw.client-a'
  const session = await openSession(bearer)
  await sessionObject(session).beSilent()
  const write = post(bearer, callMessage('addTodo', { text: 'hang' }), { 'mcp-session-id': session })
  await killDuringApiCall(session, 'late')
  expect(await (await write).text()).toContain('unknown whether this change was made')
  // A later call: what the Worker had to say about the first one has arrived by then.
  await (await post(bearer, callMessage('whoAmI'), { 'mcp-session-id': await openSession(bearer) })).text()
  expect(await callsOf('late')).toContainEqual(expect.objectContaining({ tool: 'addTodo', outcome: null }))
})

test('who is waited for when another grant takes the session over hears so before that grant is served', async () => {
  const [old, newer] = ['lea:lea1:rw.client-a', 'lea:lea2:rw.client-a']
  const session = await openSession(old)
  const order: string[] = []
  const ask = async (bearer: string, name: string, args: object) => {
    const response = await post(bearer, callMessage(name, args), { 'mcp-session-id': session })
    const text = await response.text()
    order.push(name)
    return text
  }
  const write = ask(old, 'addTodo', { text: 'hang' })
  await untilApiCall('lea1')
  expect(await ask(newer, 'whoAmI', {})).toContain('Ada Lovelace')
  expect(await write).toContain('unknown whether this change was made')
  expect(order).toEqual(['addTodo', 'whoAmI'])
  // The call continued. Its outcome is recorded under the grant that made it.
  await expect
    .poll(() => callsOf('lea'))
    .toMatchObject(
      expect.arrayContaining([
        expect.objectContaining({ tool: 'addTodo', grant: 'lea1', outcome: 'unknown' }),
      ]),
    )
})
