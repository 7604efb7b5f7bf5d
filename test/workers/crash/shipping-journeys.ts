import { env } from 'cloudflare:workers'
import { expect } from 'vitest'
import type { AuditEvent } from '#events/event.ts'
import { type RecordedCall, recordedCalls } from '../audit-log.ts'
import type { Tokens } from '../oauth-client.ts'
import type { Answer } from '../wire.ts'
import { KEY_NAME } from '#harness/product.ts'
import { reachUser } from '#users/reach-user.ts'
import type { UserObjectApi } from '#users/user.ts'
import {
  checkRecords,
  checkTokens,
  type Journey,
  retried,
  runAlarm,
  signIn,
  storedOf,
  userOf,
} from './checks.ts'
import {
  callInSession,
  callTool,
  type Client,
  closeSession,
  initialize,
  sessionIn,
  tokensIn,
} from './client.ts'
import { confirmDeletion } from './confirmed-journey.ts'
import { clock, hooks } from './witness.ts'

/** The messages to D1, and what the object stores before and after each. What has no `await` between is one act. */
const AROUND_D1 = /^(?:audit|answer|kv\.put|setAlarm)/
/** The messages to D1 alone, for what ships like the events of another journey. */
const TO_D1 = /^audit/

/** What a journey answers that sends no request. */
const DONE: Answer = { status: 200, headers: new Headers(), text: '' }

async function ship(tokens: Tokens): Promise<Answer> {
  await runAlarm(tokens)
  return DONE
}

const signedIn = async (client: Client, id: string) => tokensIn(await client.redeem(await signIn(client, id)))

const outcomesOf = (calls: readonly RecordedCall[], name: string) =>
  calls.filter((call) => call.name === name).map(({ outcomes }) => outcomes)

/** Everything happened before the crash, so D1 has it exactly, whatever the alarm met. */
const afterwards = (
  name: string,
  crashesAt: RegExp,
  prepare: (client: Client, id: string) => Promise<Tokens>,
  expected: Record<string, readonly string[][]>,
): Journey => ({
  name: `${name}, and the alarm that ships`,
  graceSeconds: 60,
  crashesAt,
  async prepare(client, id) {
    const tokens = await prepare(client, id)
    return {
      act: () => ship(tokens),
      async check() {
        const calls = recordedCalls(await checkRecords(tokens, id))
        for (const [tool, outcomes] of Object.entries(expected))
          expect([tool, outcomesOf(calls, tool)]).toEqual([tool, outcomes])
        return checkTokens(client, tokens)
      },
    }
  },
  forced: () => 'goes on',
})

const login = afterwards('login', AROUND_D1, signedIn, {})

const calls = afterwards(
  'calls',
  AROUND_D1,
  async (client, id) => {
    const tokens = await signedIn(client, id)
    await callTool(tokens.access_token, 'listTodos')
    await callTool(tokens.access_token, 'addTodo', { text: id })
    await callTool(tokens.access_token, 'addTodo', { text: id }, { [KEY_NAME]: crypto.randomUUID() })
    return tokens
  },
  { listTodos: [['done']], addTodo: [['done'], ['done']] },
)

const confirmed = afterwards(
  'deletion with the answer of a user',
  TO_D1,
  async (client, id) => {
    const tokens = await signedIn(client, id)
    await confirmDeletion(tokens, id)
    return tokens
  },
  { deleteTodo: [['done'], ['done']] },
)

/** The object ships the intent while the API works, and the outcome later. */
const running: Journey = {
  name: 'write whose intent ships before its outcome',
  graceSeconds: 60,
  crashesAt: AROUND_D1,
  mayNotice: true,
  async prepare(client, id) {
    const tokens = await signedIn(client, id)
    return {
      async act() {
        hooks.afterWrite = () => runAlarm(tokens)
        const answer = await callTool(tokens.access_token, 'addTodo', { text: id })
        await runAlarm(tokens)
        return answer
      },
      async check(first) {
        hooks.afterWrite = null
        const recorded = recordedCalls(await checkRecords(tokens, id))
        if (first.text.includes('"structuredContent"'))
          expect(recorded.filter(({ name }) => name === 'addTodo')).toHaveLength(1)
        return checkTokens(client, tokens)
      },
    }
  },
  forced: () => 'goes on',
}

const ofType = (events: readonly AuditEvent[], type: 'session.opened' | 'session.closed') =>
  events.flatMap((event) => (event.type === type ? [event.session] : []))

async function closedRows(tokens: Tokens): Promise<string[]> {
  const closed =
    'SELECT id FROM sessions WHERE user = ? AND opened_at IS NOT NULL AND closed_at IS NOT NULL ORDER BY id'
  const { results } = await env.RECORDS.prepare(closed).bind(userOf(tokens).name).all<{ id: string }>()
  return results.map(({ id }) => id)
}

const session: Journey = {
  name: 'session that opens and closes, and the alarms that ship',
  graceSeconds: 60,
  crashesAt: /^(?:audit|answer (?:open|close)Session)/,
  mayNotice: true,
  async prepare(client, id) {
    const tokens = await signedIn(client, id)
    return {
      async act() {
        const answer = await initialize(tokens.access_token)
        const opened = sessionIn(await retried(() => initialize(tokens.access_token), answer))
        await callInSession(tokens.access_token, opened, 'listTodos', { id: 1 })
        await runAlarm(tokens)
        const closed = await closeSession(tokens.access_token, opened)
        await runAlarm(tokens)
        return closed
      },
      async check() {
        const events = await checkRecords(tokens, id)
        const left = (await storedOf(tokens, 'session:')).length
        const [opened, closed] = [ofType(events, 'session.opened'), ofType(events, 'session.closed')]
        expect(opened).toHaveLength(closed.length + left)
        expect(closed).toContain(opened.at(-1))
        expect(await closedRows(tokens)).toEqual(closed.toSorted())
        return checkTokens(client, tokens)
      },
    }
  },
  forced: () => 'goes on',
}

const rowOf = (tokens: Tokens) =>
  env.RECORDS.prepare('SELECT id FROM users WHERE id = ?').bind(userOf(tokens).name).first('id')

const reached = (tokens: Tokens): UserObjectApi =>
  reachUser(env, userOf(tokens).name ?? '', { userMs: 5000, callMs: 5000 })

/** The caller tries again after a failure. */
const tried = <T>(send: () => Promise<T>): Promise<T> => send().catch(send)

/** D1 has the events and the row of the directory before. */
const erasure: Journey = {
  name: 'erasure, and the alarms that ship and forget',
  graceSeconds: 0,
  crashesAt: AROUND_D1,
  async prepare(client, id) {
    const tokens = await signedIn(client, id)
    await runAlarm(tokens)
    expect(await rowOf(tokens)).toBe(userOf(tokens).name)
    return {
      async act() {
        const act = { act: crypto.randomUUID(), by: 'an-operator', operation: 'erase-user' } as const
        // The second try counts what the first one has ended.
        expect(await tried(() => reached(tokens).applyAct(act))).toEqual({ grants: 1 })
        return ship(tokens)
      },
      async check() {
        const events = await checkRecords(tokens, id)
        const types = events.map(({ type }) => type)
        expect(types.filter((type) => type === 'user.erased')).toHaveLength(1)
        expect(types.filter((type) => type === 'grant.ended')).toHaveLength(1)
        expect(await storedOf(tokens, 'audit-')).not.toContainEqual(['audit-key', expect.anything()])
        expect(await storedOf(tokens, 'audit-forgetting')).toEqual([])
        expect(await rowOf(tokens)).toBe(null)
        return 'goes on'
      },
    }
  },
  forced: () => 'goes on',
}

/** The user is the operator, too, so one object has the events of both. */
const operated: Journey = {
  name: 'act of an operator, and the alarm that ships',
  graceSeconds: 60,
  crashesAt: /^(?:audit|answer)/,
  async prepare(client, id) {
    const tokens = await signedIn(client, id)
    const { name = '' } = userOf(tokens)
    const act = { act: crypto.randomUUID(), operation: 'end-user' } as const
    const affects = { users: 1, grants: 1 }
    const ofAct = ['operator.signed-in', 'operator.began', 'grant.ended', 'operator.ended']
    return {
      async act() {
        const user = reached(tokens)
        const authenticatedAtSeconds = Math.floor(((clock.fixedMs ?? Date.now()) + clock.aheadMs) / 1000)
        const signIn = {
          userName: 'Ada',
          preferredUsername: 'ada',
          authenticatedAtSeconds,
          network: 'n',
          agent: 'node',
        }
        await tried(() => user.openOperator(id, { roles: ['operator'], ...signIn }))
        const { personal = '' } = await tried(() => user.protectOwnReason('why'))
        const began = { ...act, about: name, reason: { personal }, affects }
        expect(await tried(() => user.beginAct(id, began))).toBe('recorded')
        expect(await tried(() => user.applyAct({ ...act, by: name }))).toEqual({ grants: 1 })
        await tried(() => user.endAct({ ...act, outcome: 'done', affected: affects }))
        return ship(tokens)
      },
      async check() {
        const types = (await checkRecords(tokens, id)).map(({ type }) => type)
        expect(types.filter((type) => ofAct.includes(type))).toEqual(ofAct)
        return 'goes on'
      },
    }
  },
  forced: () => 'goes on',
}

export const shippingJourneys: readonly Journey[] = [
  login,
  calls,
  confirmed,
  running,
  session,
  erasure,
  operated,
]
