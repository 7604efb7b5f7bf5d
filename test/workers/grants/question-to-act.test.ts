import { afterEach, beforeEach, expect, test } from 'vitest'
import { block, switchOffClient, switchOn } from '../acts.ts'
import { breakDown, heal, interrupt } from '../faults/faults.ts'
import { startIsolate } from '../faults/world.ts'
import { deletions, writes } from '../todo-api.ts'
import { families } from '../pingone.ts'
import { narrow } from './call-denials.ts'
import { type Denial, unauthorized, unavailable } from './denials.ts'
import { type Caller, callTool, idOf, readDenied } from './door.ts'
import { askInSession, askStateless, DONE, REMOVE } from './questions.ts'
import { endedSentence, passSeconds, postToken, startClock, stopClock } from './support.ts'

// Anything may change between a question and the act that the user agreed to. The act passes the door again, and what
// has changed stops it: no DELETE reaches the API.
beforeEach(() => {
  stopClock()
  writes.length = 0
  deletions.length = 0
})
afterEach(() => {
  startClock()
  heal()
  startIsolate()
})

const MOVED = 'https://moved.example.test'

interface Change {
  /** May change what the client asks with. */
  act: (caller: Caller) => Promise<Partial<Caller> | void>
  denied: Denial
  /** What a call that waits in a session says; unset where its answer depends on which stream closes first. */
  says?: string
  /** Only a request shows it: the act of a waiting call is for the resource of the request that asked. */
  isOfRequest?: boolean
}

const notStarted = (seconds: number) =>
  `This call could not be started. Nothing was changed. Try again in ${seconds} seconds.`

const endings: Readonly<Record<string, Change>> = {
  'the user is blocked': {
    act: ({ client }) => block(client.user),
    denied: unauthorized(endedSentence('blocked')),
  },
  'the user ends the access at their page': {
    act: async ({ client }) => {
      const authenticatedAtSeconds = Math.floor(Date.now() / 1000)
      await client.user.openPage('page', { userName: 'Ada', pingOneSession: 'sid', authenticatedAtSeconds })
      const [grant] = await client.user.listGrants()
      await client.user.endFromPage('page', grant?.id ?? '')
    },
    denied: unauthorized(endedSentence('ended_by_user')),
  },
  'the client revokes its access': {
    act: async ({ client }) => {
      await postToken({ client_id: client.id, token: client.tokens.refresh_token })
    },
    denied: unauthorized(endedSentence('revoked_by_client')),
  },
}

/** Each can be undone; the user's answer is then still good, because nothing has used it. */
const changesOfTheWorld: Readonly<Record<string, Change>> = {
  'the settings name another tenant': {
    act: async () => startIsolate({ MCP_SERVER_CLIENT_ID: 'another-application' }),
    denied: unavailable(30),
    says: notStarted(30),
  },
  'the settings name another API': {
    act: async () => startIsolate({ API_IDENTIFIER: 'another-api' }),
    denied: unavailable(30),
    says: notStarted(30),
  },
  'the server has moved, so that its bearers are for another resource': {
    act: async () => {
      startIsolate({ PUBLIC_ORIGIN: MOVED })
      return { origin: MOVED }
    },
    denied: unauthorized(undefined, MOVED),
    isOfRequest: true,
  },
  'the object of the user fails': {
    act: async () => breakDown('user', '500'),
    denied: unavailable(5),
    says: notStarted(5),
  },
}

const renewals: Readonly<Record<string, Change>> = {
  'the session at PingOne ends': {
    act: async () => {
      const family = families.at(-1)
      if (family !== undefined) family.isAlive = false
      passSeconds(3550)
    },
    denied: unauthorized('This access has ended.'),
    says: 'This access has ended. Nothing was changed. Ask the user to connect and sign in again.',
  },
  'PingOne goes down': {
    act: async () => {
      passSeconds(3550)
      breakDown('token', '500')
    },
    denied: unavailable(30, 'This call could not be started. Try again later.'),
    says: notStarted(30),
  },
}

/** The access lives on: the client has another bearer, or refreshes. */
const endsOfTheBearer: Readonly<Record<string, Change>> = {
  'the client revokes the bearer': {
    act: async ({ client }) => {
      await postToken({ client_id: client.id, token: client.tokens.access_token })
    },
    denied: unauthorized(),
  },
  'the bearer expires': { act: async () => passSeconds(3600), denied: unauthorized() },
}

const allChanges = { ...endings, ...renewals, ...changesOfTheWorld }

test('stateless: a user who agrees, and nothing else, deletes', async () => {
  const { agree } = await askStateless()
  expect(deletions).toEqual([])
  expect((await agree()).text).toContain(DONE)
  expect(deletions).toEqual(['milk'])
})

test('session: a user who agrees, and nothing else, deletes', async () => {
  const { agree, answer } = await askInSession()
  expect(deletions).toEqual([])
  expect((await agree()).status).toBe(202)
  expect((await answer()).text).toContain(DONE)
  expect(deletions).toEqual(['milk'])
})

test.for(Object.entries({ ...allChanges, ...endsOfTheBearer }))(
  'stateless: nothing is deleted when, after the question, %s',
  async ([, { act, denied }]) => {
    const { caller, agree } = await askStateless()
    const answer = await agree(await act(caller))
    expect(readDenied(answer)).toEqual({ ...denied, id: idOf(caller) })
    expect(deletions).toEqual([])
  },
)

test.for(Object.entries(changesOfTheWorld))(
  'stateless: the answer is not used up when, for a while, %s',
  async ([, { act, denied }]) => {
    const { caller, agree } = await askStateless()
    expect((await agree(await act(caller))).status).toBe(denied.status)
    heal()
    startIsolate()
    expect((await agree()).text).toContain(DONE)
    expect(deletions).toEqual(['milk'])
  },
)

test('stateless: the agreement to a call does not widen a bearer that was narrowed meanwhile', async () => {
  const { caller, agree } = await askStateless()
  const answer = await agree(await narrow(caller))
  expect([answer.status, answer.headers.get('www-authenticate')]).toEqual([
    403,
    expect.stringContaining('error="insufficient_scope", scope="todo:read todo:write"'),
  ])
  expect(deletions).toEqual([])
})

test.for(Object.entries(endings))(
  'session: the answer is refused, and nothing is deleted, when after the question %s',
  async ([, { act, denied }]) => {
    const { caller, agree, answer } = await askInSession()
    await act(caller)
    // It is not a request, so it has no id that an error could name.
    expect(readDenied(await agree())).toEqual({ ...denied, id: null })
    expect(readDenied(await answer())).toMatchObject({ id: idOf(caller), code: 'tool', says: CLOSED })
    expect(readDenied(await callTool(caller, REMOVE)).status).toBe(401)
    expect(deletions).toEqual([])
  },
)

test.for(Object.entries(changesOfTheWorld))(
  'session: the answer is refused and can be sent again when, for a while, %s',
  async ([, { act, denied }]) => {
    const { caller, agree, answer } = await askInSession()
    expect(readDenied(await agree(await act(caller)))).toEqual({ ...denied, id: null })
    expect(deletions).toEqual([])
    heal()
    startIsolate()
    expect((await agree()).status).toBe(202)
    expect((await answer()).text).toContain(DONE)
    expect(deletions).toEqual(['milk'])
  },
)

const SWITCHED_OFF = 'An operator of this server has switched this off. Nothing was changed.'

test('stateless: a client that is switched off after the question deletes nothing, and the answer stays good', async () => {
  const { caller, agree } = await askStateless()
  passSeconds(1)
  const off = await switchOffClient(caller.client.id)
  expect(readDenied(await agree())).toMatchObject({
    code: 'tool',
    says: expect.stringContaining(SWITCHED_OFF),
  })
  expect(deletions).toEqual([])
  await switchOn(off)
  startIsolate()
  expect((await agree()).text).toContain(DONE)
  expect(deletions).toEqual(['milk'])
})

test('session: a client that is switched off after the question deletes nothing', async () => {
  const { caller, agree, answer } = await askInSession()
  passSeconds(1)
  await switchOffClient(caller.client.id)
  expect((await agree()).status).toBe(202)
  const says = expect.stringContaining(SWITCHED_OFF)
  expect(readDenied(await answer())).toMatchObject({ id: idOf(caller), code: 'tool', says })
  expect(deletions).toEqual([])
})

const CLOSED =
  'This session was closed while the user was asked. Nothing was changed. Begin a new session and call again; if that is refused, ask the user to connect and sign in again.'

/** The message by which the act enters, after the check of the bearer that came with the answer. */
const isAct = (message: string) => message.includes('"step":"act"')
const inSession = Object.entries({ ...allChanges, ...endsOfTheBearer }).filter(
  ([, { isOfRequest }]) => isOfRequest !== true,
)

test.for(inSession)(
  'session: nothing is deleted when, after the answer has passed the door, %s',
  async ([, { act, denied, says }]) => {
    const { caller, agree, answer } = await askInSession()
    let isChanged = false
    interrupt(isAct, async () => {
      isChanged = true
      await act(caller)
    })
    expect((await agree()).status).toBe(202)
    // Decision 7: the status of this answer is sent, so the call ends as the error of a tool.
    const ended = readDenied(await answer())
    expect(ended).toMatchObject({ id: idOf(caller), code: 'tool', ...(says === undefined ? {} : { says }) })
    expect(readDenied(await callTool(caller, REMOVE)).status).toBe(denied.status)
    expect([isChanged, deletions]).toEqual([true, []])
  },
)
