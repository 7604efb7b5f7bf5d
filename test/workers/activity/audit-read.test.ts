import { afterAll, afterEach, beforeAll, beforeEach, expect, test, vi } from 'vitest'
import { z } from 'zod'
import { messagesIn, rpcRequest } from '#harness/messages.ts'
import { Client } from '../faults/client.ts'
import { breakDown, heal } from '../faults/faults.ts'
import { fetchFromWorld, startIsolate } from '../faults/world.ts'
import { send } from '../faults/send.ts'
import { callerOf, callTool, post, type Revision } from '../grants/door.ts'
import { askedOfPingOne, callbackOf, fromOurPage } from '../oauth-client.ts'
import { passSeconds, startClock, stopClock } from '../grants/support.ts'
import { groups } from '../pingone.ts'
import { cookiesOf } from '../wire.ts'
import {
  allow,
  AUDIT_TOOLS,
  call,
  connect,
  DECEIVING_NAME,
  linkIn,
  newOperator,
  newRegistered,
  OPERATORS,
  refresh,
  REVISIONS,
  scopeAfterRefresh,
  ship,
  stepUp,
} from './story.ts'

const HOUR = 3600
const ARGUMENTS = { transaction: '7f9a1f2e-0000-4000-8000-000000000001' }

// The OAuth library fetches metadata documents by itself.
beforeAll(() => void vi.stubGlobal('fetch', fetchFromWorld))
afterAll(() => void vi.unstubAllGlobals())
beforeEach(stopClock)
afterEach(() => {
  startClock()
  heal()
})

async function toolsOf(client: Client, kind: 'session' | 'stateless'): Promise<string[]> {
  const sdk = await connect(kind, client)
  const { tools } = await sdk.listTools()
  await sdk.close()
  return tools.map(({ name }) => name)
}
const KINDS = ['session', 'stateless'] as const

const EVERYONES = ['whoAmI', 'listTodos', 'addTodo', 'updateTodo', 'deleteTodo', 'findMyActivity', 'myAccess']

/** Whatever a grant has, an unknown name and a hidden one get the same answer, but for the name in the request. */
async function expectUnknown(client: Client, revision: Revision, name: string): Promise<void> {
  const caller = await callerOf(client, revision)
  const answers = await Promise.all(
    [name, `${name.slice(0, -1)}_`].map(async (one) => {
      const { status, headers, text } = await callTool(caller, { name: one, args: ARGUMENTS })
      return { status, headers: [...headers], text }
    }),
  )
  expect(answers[0]).toEqual(answers[1])
  expect(answers[0]?.text).toContain('Unknown tool')
}

test.each(KINDS)('%s: an operator sees the tools of operators behind those of everyone', async (kind) => {
  const { client } = await newOperator()
  expect(await toolsOf(client, kind)).toEqual([...EVERYONES, ...AUDIT_TOOLS])
})

test.each([
  ['of no group', async () => Client.withDocument().signIn()],
  [
    'of the group with a client that registered itself',
    async () => {
      const subject = crypto.randomUUID()
      groups.set(subject, [OPERATORS])
      return newRegistered(subject)
    },
  ],
])('to a user %s no tool of operators exists', async (_who, signIn) => {
  const client = await signIn()
  for (const kind of KINDS) expect(await toolsOf(client, kind)).toEqual(EVERYONES)
  for (const revision of REVISIONS)
    for (const name of AUDIT_TOOLS) await expectUnknown(client, revision, name)
})

test('a call with arguments that do not fit does not show that a tool exists', async () => {
  const client = await newRegistered()
  for (const revision of REVISIONS) {
    const caller = await callerOf(client, revision)
    const wrong = await callTool(caller, { name: 'findActivity', args: { user: 7 } })
    const unknown = await callTool(caller, { name: 'findActivit_', args: { user: 7 } })
    expect([wrong.status, wrong.text]).toEqual([unknown.status, unknown.text])
  }
})

test('without groups in the settings nobody is an operator, whatever a grant says', async () => {
  const { client } = await newOperator()
  startIsolate({ OPERATOR_GROUP: undefined })
  try {
    expect(await toolsOf(client, 'stateless')).toEqual(EVERYONES)
    await expectUnknown(client, '2026-07-28', 'findActivity')
  } finally {
    startIsolate()
  }
})

test.each(REVISIONS)(
  '%s: the first call is denied in-band, and a fresh sign-in opens one hour',
  async (revision) => {
    const { client, subject } = await newOperator()
    const denied = await call(client, revision, 'findActivity')
    expect(denied).toMatchObject({ status: 200, isError: true })
    expect(denied.text).toContain('audit:read and a sign-in of the last hour')
    const { page, asked, title } = await allow(linkIn(denied.text), subject)
    expect(page.text).toContain('to read the audit log of all users for one hour?')
    expect(page.text).toContain('Read the audit log of all users, for one hour after your sign-in')
    expect([asked.get('prompt'), asked.get('scope')]).toEqual(['login', expect.not.stringContaining('audit')])
    expect(title).toBe('The app may do more now')
    expect(await call(client, revision, 'findActivity')).toMatchObject({ isError: false })
  },
)

test('audit:read is in no metadata and no challenge, and no client gets it by asking', async () => {
  const { client, subject } = await newOperator()
  await stepUp(client, subject)
  const documents = ['oauth-authorization-server', 'oauth-protected-resource/mcp'].map((name) =>
    send(`/.well-known/${name}`),
  )
  for (const { text } of await Promise.all(documents)) expect(text).not.toContain('audit:read')
  expect(JSON.stringify([...(await send('/mcp', { method: 'POST' })).headers])).not.toContain('audit')
  const asking = await send(client.oauth.page.replace('todo%3Aread', 'audit%3Aread'))
  expect(asking.status).toBe(200)
  expect(asking.text).toContain('See your todos')
  expect(asking.text).not.toContain('audit')
  const again = await newOperator(subject)
  expect(await scopeAfterRefresh(again.client)).toBe('todo:read todo:write')
})

test('a refresh keeps audit:read, and one that names fewer scopes gives a token without it', async () => {
  const { client, subject } = await newOperator()
  await stepUp(client, subject)
  expect(await scopeAfterRefresh(client)).toBe('todo:read todo:write audit:read')
  expect(await call(client, '2026-07-28', 'findActivity')).toMatchObject({ isError: false })
  expect((await refresh(client, 'todo:read')).scope).toBe('todo:read')
  const narrowed = await call(client, '2026-07-28', 'findActivity')
  expect(narrowed.text).toContain('this access token was issued without it')
  expect(await scopeAfterRefresh(client)).toBe('todo:read todo:write audit:read')
  expect(await call(client, '2026-07-28', 'findActivity')).toMatchObject({ isError: false })
})

test.each(REVISIONS)(
  '%s: after an hour the same grant needs a new sign-in, which counts for an hour',
  async (revision) => {
    const { client, subject } = await newOperator()
    await stepUp(client, subject)
    passSeconds(HOUR + 1)
    await refresh(client)
    const old = await call(client, revision, 'findActivity')
    expect(old).toMatchObject({ status: 200, isError: true })
    const { page, title } = await allow(linkIn(old.text), subject)
    expect(page.text).toContain('to read the audit log of all users for one hour?')
    expect(title).toBe('The app may do more now')
    expect(await call(client, revision, 'findActivity')).toMatchObject({ isError: false })
    passSeconds(HOUR + 1)
    await refresh(client)
    expect(await call(client, revision, 'findActivity')).toMatchObject({ isError: true })
  },
)

test('a step-up for another scope does not open the audit log for another hour', async () => {
  const { client, subject } = await newOperator()
  await stepUp(client, subject)
  const reader = await reading(subject)
  await stepUp(reader, subject)
  passSeconds(HOUR + 1)
  await refresh(reader)
  const caller = await callerOf(reader, '2026-07-28')
  const { text, status, headers } = await callTool(caller, { name: 'addTodo', args: { text: 'x' } })
  expect(status).toBe(403)
  expect(headers.get('www-authenticate')).not.toContain('audit')
  const link = /https:\/\/[^"\s\\]+(\/step-up\/[^"\s\\]+)/.exec(text)?.[1] ?? ''
  expect(await allow(link, subject)).toMatchObject({ title: 'The app may do more now' })
  expect(await call(reader, '2026-07-28', 'findActivity')).toMatchObject({ isError: true })
})

/** A grant of the same user that may only read todos. */
async function reading(subject: string): Promise<Client> {
  const client = Client.withDocument()
  const login = client.login(subject)
  login.ticked = ['todo:read']
  await client.redeem(await login.toCode())
  return client
}

test('who lost the group is told so by the page, and the tools are gone', async () => {
  const { client, subject } = await newOperator()
  await stepUp(client, subject)
  passSeconds(HOUR + 1)
  await refresh(client)
  groups.set(subject, [])
  const { done, title } = await stepUp(client, subject)
  expect([done.status, title]).toEqual([403, 'The app may not read the audit log'])
  for (const kind of KINDS) expect(await toolsOf(client, kind)).toEqual(EVERYONES)
  for (const revision of REVISIONS) await expectUnknown(client, revision, 'listSessions')
  expect(await call(client, '2026-07-28', 'listTodos')).toMatchObject({ isError: false })
})

test('a session that one grant opened lists for each request what its own grant may see', async () => {
  const { client, subject } = await newOperator()
  const outsider = Client.withDocument()
  groups.set(subject, [])
  await outsider.signIn(subject)
  const caller = await callerOf(client, '2025-11-25')
  const list = rpcRequest('tools/list', {}, 'list')
  const namesIn = ({ text }: { text: string }) => AUDIT_TOOLS.filter((name) => text.includes(`"${name}"`))
  expect(namesIn(await post(caller, list))).toEqual(AUDIT_TOOLS)
  const other = { ...caller, bearer: outsider.tokens.access_token }
  expect(namesIn(await post(other, list))).toEqual([])
  const hidden = await callTool(other, { name: 'findActivity' })
  expect(messagesIn(hidden.text)[0]).toMatchObject({ error: { code: -32_602 } })
  expect(namesIn(await post(caller, list))).toEqual(AUDIT_TOOLS)
})

test('the page of the user shows a client that may read the audit log', async () => {
  const { client, subject } = await newOperator()
  await stepUp(client, subject)
  const begin = await send('/me/sign-in', { method: 'POST', headers: fromOurPage })
  const asked = askedOfPingOne(begin.text)
  if (asked === null) throw new Error('no way to PingOne')
  const back = callbackOf(asked, subject).replace('/callback', '/signed-in')
  const signedIn = await send(back, { headers: { ...fromOurPage, cookie: cookiesOf(begin) } })
  const me = await send('/me', { headers: { cookie: cookiesOf(signedIn) } })
  expect(me.text).toContain('Read the audit log of all users')
})

test.each(KINDS)(
  '%s: an operator reads what users did, and no name that a client gave itself',
  async (kind) => {
    const ada = await newRegistered()
    const secret = `secret-${crypto.randomUUID()}`
    await call(ada, '2025-11-25', 'addTodo', { text: secret })
    await ship(ada)
    const { client, subject } = await newOperator()
    await stepUp(client, subject)
    await ship(client)
    const sdk = await connect(kind, client)
    const user = ada.tokens.access_token.split('.')[0] ?? ''
    const found = await sdk.callTool({ name: 'findActivity', arguments: { user } })
    const added = Events.parse(found.structuredContent).events.find(({ what }) => what === 'addTodo')
    expect(added).toMatchObject({ type: 'call', user, client: ada.id, outcome: 'done' })
    const transaction = await sdk.callTool({
      name: 'getTransaction',
      arguments: { transaction: added?.transaction ?? '' },
    })
    expect(Events.parse(transaction.structuredContent).events).toEqual([added])
    const sessions = await sdk.callTool({ name: 'listSessions', arguments: { user } })
    expect(sessions.structuredContent).toMatchObject({
      sessions: [{ user, client: ada.id, calls: { done: 1 } }],
      next: null,
    })
    const mine = await sdk.callTool({ name: 'findMyActivity', arguments: {} })
    expect(Events.parse(mine.structuredContent).events).not.toEqual([])
    const everything = JSON.stringify([found, transaction, sessions, mine])
    expect(everything).not.toContain(DECEIVING_NAME)
    expect(everything).not.toContain('SYSTEM')
    expect(everything).not.toContain(secret)
    await sdk.close()
  },
)

const Events = z.object({
  events: z.array(
    z.looseObject({
      type: z.string(),
      user: z.string(),
      what: z.string().optional(),
      transaction: z.string().optional(),
    }),
  ),
})

test.each(REVISIONS)('%s: while D1 does not answer, the error of the tool says so', async (revision) => {
  const client = await newRegistered()
  const caller = await callerOf(client, revision)
  breakDown('d1', '500')
  const { text } = await callTool(caller, { name: 'findMyActivity' })
  expect(text).toContain('The audit log does not answer now.')
  expect(text).toContain('"isError":true')
})
