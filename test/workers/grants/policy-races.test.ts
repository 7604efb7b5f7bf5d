import { afterEach, beforeEach, expect, test } from 'vitest'
import { mcpRequest, META, rpcRequest, statelessHeaders } from '#harness/messages.ts'
import { STREAM_CHECK_MS } from '#mcp/edge/answer-pass.ts'
import { breakDown, heal, streams } from '../faults/faults.ts'
import { open, send } from '../faults/send.ts'
import { startIsolate } from '../faults/world.ts'
import { groups, switches } from '../pingone.ts'
import { deletions, writes } from '../todo-api.ts'
import { type Caller, callTool, type Denied, post, readDenied, type Revision } from './door.ts'
import { beginPolicies, endPolicies, putInForce, switchOff } from './policy.ts'
import { askInSession, askStateless, DONE, signedIn } from './questions.ts'
import { MINUTE, passSeconds } from './support.ts'

// The table of docs/policy.md, "What each transport answers", against the real Control: what changes between a list and a
// call, between a question and the act, and while a stream is open.

const STAFF_ONLY = {
  id: 'staff-only',
  what: { kind: 'tool', writes: true },
  effect: 'deny',
  if: '!("staff" in user.groups)',
}
const base = (...more: object[]) => putInForce([STAFF_ONLY, ...more], { claimsMaxAgeSeconds: MINUTE })
// Its condition is true: a rule without one would cover the other, which lint refuses.
const NEVER = { ...STAFF_ONLY, id: 'never', if: 'client.kind == "registered"' }

beforeEach(async () => {
  beginPolicies()
  switches.refreshIdToken = 'whole'
  streams.checkMs = 100
  await base()
  writes.length = 0
  deletions.length = 0
})
afterEach(async () => {
  heal()
  switches.hasRefreshTokens = true
  streams.checkMs = STREAM_CHECK_MS
  switches.refreshIdToken = 'missing'
  groups.clear()
  startIsolate()
  await endPolicies()
})

interface Change {
  /** Returns what undoes it. */
  act: (subject: string) => Promise<() => Promise<unknown>>
  /** What a call is answered with; null: it runs. */
  call: Partial<Denied> | null
  /** What the act after a question is answered with in one request. Absent: as a call. */
  act2026?: Partial<Denied>
  /** What a session's call that waited for the user is answered with. Absent: as a call. */
  act2025?: unknown
  /** Whether an open stream closes. */
  closes?: true
}

const undone = async () => {
  heal()
  await base()
}
const tool = (says: string): Partial<Denied> => ({
  status: 200,
  code: 'tool',
  says: expect.stringContaining(says),
})
const UNAVAILABLE: Partial<Denied> = {
  status: 503,
  code: -31_000,
  retryAfter: '5',
  says: expect.stringContaining('cannot read its policy now, so nothing was decided'),
}
const LATER = 'This call could not be started. Nothing was changed. Try again in 5 seconds.'
const OFF = 'An operator of this server has switched this off. Nothing was changed.'

const changes: Readonly<Record<string, Change>> = {
  'a rule denies': {
    act: async () => {
      await base(NEVER)
      return undone
    },
    call: tool('The policy of this server does not allow this (rule never). Nothing was changed.'),
  },
  'a rule hides': {
    act: async () => {
      await base({ ...NEVER, effect: 'hide' })
      return undone
    },
    call: { status: 200, code: -32_602, says: expect.stringContaining('Unknown tool') },
    act2025: expect.stringContaining(
      'This server has nothing of this name for this user now. Nothing was changed.',
    ),
  },
  'the group is lost': {
    act: async (subject) => {
      groups.set(subject, ['guests'])
      passSeconds(MINUTE + 1)
      return async () => {
        groups.set(subject, ['staff'])
        passSeconds(MINUTE + 1)
      }
    },
    call: tool('The policy of this server does not allow this (rule staff-only). Nothing was changed.'),
  },
  'everything is switched off': {
    act: () => switchOff({ kind: 'everything' }),
    call: tool(OFF),
    closes: true,
  },
  'the tools are switched off': {
    act: async () => {
      const add = await switchOff({ kind: 'tool', value: 'addTodo' })
      const remove = await switchOff({ kind: 'tool', value: 'deleteTodo' })
      return async () => {
        await add()
        await remove()
      }
    },
    call: tool(OFF),
  },
  'Control is down, and the head is young': {
    act: async () => {
      breakDown('control', '500')
      passSeconds(10)
      return undone
    },
    call: null,
    // What follows a question needs a head that is no older than the question.
    act2026: UNAVAILABLE,
    act2025: expect.stringContaining(LATER),
  },
  'Control is down, and the head is older than HEAD_MAX_AGE_SECONDS': {
    act: async () => {
      breakDown('control', '500')
      passSeconds(MINUTE + 1)
      return undone
    },
    call: UNAVAILABLE,
    act2025: expect.stringContaining(LATER),
  },
  'the document cannot be fetched': {
    act: async () => {
      await base({ ...NEVER, id: `new-${crypto.randomUUID()}`, mode: 'shadow' })
      breakDown('control', '500', { isMeant: (message) => message.startsWith('readDocument') })
      return undone
    },
    call: UNAVAILABLE,
    act2025: expect.stringContaining(LATER),
  },
  'the claims are too old, and PingOne does not renew them': {
    act: async () => {
      breakDown('token', '500')
      passSeconds(MINUTE + 1)
      return undone
    },
    call: UNAVAILABLE,
    act2025: expect.stringContaining(LATER),
  },
}

const newSubject = () => {
  const subject = crypto.randomUUID()
  groups.set(subject, ['staff'])
  return subject
}

/** The answer to tools/list, as text. */
async function listOf(caller: Caller): Promise<string> {
  if (caller.session !== null) return (await post(caller, rpcRequest('tools/list', {}))).text
  const message = rpcRequest('tools/list', { _meta: META })
  return (await send('/mcp', mcpRequest(caller.bearer, message, statelessHeaders('tools/list')))).text
}

const REVISIONS: readonly Revision[] = ['2026-07-28', '2025-11-25']
const CASES = REVISIONS.flatMap((revision) =>
  Object.entries(changes).map(([what, change]) => ({ revision, what, ...change })),
)

test.for(CASES)('$revision: between list and call, $what', async ({ revision, act, call }) => {
  const subject = newSubject()
  const caller = await signedIn(revision, subject)
  expect(await listOf(caller)).toContain('"addTodo"')
  writes.length = 0
  const undo = await act(subject)
  const add = (text: string) => callTool(caller, { name: 'addTodo', args: { text } })
  const answer = await add('bread')
  const answered = call === null ? { runs: answer.text.includes('bread') } : readDenied(answer)
  expect(answered).toMatchObject(call ?? { runs: true })
  expect(writes).toHaveLength(call === null ? 1 : 0)
  await undo()
  expect((await add('butter')).text).toContain('butter')
})

test.for(Object.entries(changes))(
  'stateless: between question and act, %s: nothing runs, and the answer stays good',
  async ([, { act, call, act2026 = call }]) => {
    const subject = newSubject()
    const { agree } = await askStateless(subject)
    const undo = await act(subject)
    expect(readDenied(await agree())).toMatchObject(act2026 ?? {})
    expect(deletions).toEqual([])
    await undo()
    expect((await agree()).text).toContain(DONE)
    expect(deletions).toEqual(['milk'])
  },
)

test.for(Object.entries(changes))(
  'session: between question and act, %s: nothing runs, and the session goes on',
  async ([, { act, call, act2025 }]) => {
    const subject = newSubject()
    const { caller, agree, answer } = await askInSession(subject)
    const undo = await act(subject)
    // A reply is no request, so it is taken; the call that waited for it ends as an error of its tool.
    expect((await agree()).status).toBe(202)
    expect(readDenied(await answer())).toMatchObject({ code: 'tool', says: act2025 ?? call?.says })
    expect(deletions).toEqual([])
    await undo()
    const after = await callTool(caller, { name: 'addTodo', args: { text: 'bread' } })
    expect(after.text).toContain('bread')
  },
)

test.for(Object.entries(changes))('an open stream, while %s', async ([, { act, closes = false }]) => {
  const subject = newSubject()
  const { bearer, session } = await signedIn('2025-11-25', subject)
  const { response } = await open('/mcp', {
    headers: {
      accept: 'text/event-stream',
      authorization: `Bearer ${bearer}`,
      'mcp-session-id': session ?? '',
      'mcp-protocol-version': '2025-11-25',
    },
  })
  expect(response.status).toBe(200)
  const stream = { isOver: false }
  const reader = response.body?.getReader()
  const readOn = async (): Promise<void> => {
    const next = await reader?.read()
    if (next?.done === false) return readOn()
    stream.isOver = true
  }
  const reading = readOn()
  const undo = await act(subject)
  // A stream that stays open has been checked some times by then.
  await scheduler.wait(closes ? 0 : 400)
  await expect.poll(() => stream.isOver).toBe(closes)
  await reader?.cancel()
  await reading
  await undo()
})

test('without a refresh token claims that are too old are 401, and never a denial', async () => {
  switches.hasRefreshTokens = false
  const [one, two, three] = [newSubject(), newSubject(), newSubject()]
  const caller = await signedIn('2025-11-25', one)
  const [stateless, inSession] = [await askStateless(two), await askInSession(three)]
  passSeconds(MINUTE + 1)
  const add = { name: 'addTodo', args: { text: 'bread' } }
  expect(readDenied(await callTool(caller, add)).status).toBe(401)
  expect(readDenied(await stateless.agree()).status).toBe(401)
  expect((await inSession.agree()).status).toBe(202)
  expect(readDenied(await inSession.answer())).toMatchObject({
    code: 'tool',
    says: expect.stringMatching(/ask the user to connect and sign in again/i),
  })
  expect(deletions).toEqual([])
})
