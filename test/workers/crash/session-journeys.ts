import { expect } from 'vitest'
import type { EventType } from '#events/event.ts'
import { verifiedEvents } from '../audit-log.ts'
import { retried, checkRecords, type Journey, checked, drain, signIn, writesOf, storedOf } from './checks.ts'
import type { Tokens } from '../oauth-client.ts'
import {
  type Client,
  tokensIn,
  callInSession,
  initialize,
  openSession,
  sessionIn,
  closeSession,
  openStream,
} from './client.ts'

export const signedIn = async (client: Client, id: string) =>
  tokensIn(await client.redeem(await signIn(client, id)))

/** Other steps of a User are covered by the journeys without a session. */
export const AROUND_SESSIONS = /^(?:session|answer|setAlarm)/

/** No session is left except those that the client has, and the audit log says the same. */
export async function expectSessions(tokens: Tokens, count: number): Promise<void> {
  const events = await verifiedEvents(await drain(tokens))
  expect(await storedOf(tokens, 'session:')).toHaveLength(count)
  expect(await storedOf(tokens, 'closing-session:')).toEqual([])
  const times = (type: EventType) => events.filter((event) => event.type === type).length
  expect(times('session.opened') - times('session.closed')).toBe(count)
}

const open: Journey = {
  name: 'session is opened',
  graceSeconds: 60,
  crashesAt: AROUND_SESSIONS,
  mayNotice: true,
  async prepare(client, id) {
    const tokens = await signedIn(client, id)
    const ask = () => initialize(tokens.access_token)
    return {
      act: ask,
      async check(first) {
        const session = sessionIn(await retried(ask, first))
        const call = await callInSession(tokens.access_token, session, 'listTodos', { id: 1 })
        expect([call.status, call.text]).toEqual([200, expect.stringContaining('"structuredContent"')])
        await expectSessions(tokens, 1)
        return 'goes on'
      },
    }
  },
  forced: () => 'goes on',
}

const call = (tool: 'listTodos' | 'addTodo'): Journey => ({
  name: `session: ${tool}`,
  graceSeconds: 60,
  crashesAt: AROUND_SESSIONS,
  mayNotice: true,
  async prepare(client, id) {
    const tokens = await signedIn(client, id)
    const session = await openSession(tokens.access_token)
    const input = tool === 'addTodo' ? { text: id } : {}
    const ask = (message: number) => callInSession(tokens.access_token, session, tool, { id: message, input })
    return {
      act: () => ask(1),
      async check(first) {
        const isUnknown = first.text.includes('unknown whether this change was made')
        if (tool === 'listTodos') {
          const answer = await retried(() => ask(2), first)
          expect(answer.text).toContain('"structuredContent"')
        } else if (first.status === 503) expect(writesOf(id)).toBe(0)
        else if (isUnknown) expect(writesOf(id)).toBeLessThanOrEqual(1)
        else expect([writesOf(id), first.text]).toEqual([1, expect.stringContaining('"structuredContent"')])
        // The object died; the session continues.
        const next = checked(await callInSession(tokens.access_token, session, 'whoAmI', { id: 3 }))
        expect([next.status, next.text]).toEqual([200, expect.stringContaining('"structuredContent"')])
        await checkRecords(tokens, id)
        await expectSessions(tokens, 1)
        return isUnknown ? 'unknown' : 'goes on'
      },
    }
  },
  forced(steps, { at, isTwice }) {
    if (tool === 'listTodos') return 'goes on'
    const [began, ended] = [steps.indexOf('answer enter'), steps.indexOf('session user.endCall')]
    // The answer is already on its way: it may or may not arrive.
    if (at >= ended) return null
    // If the User dies in enter, the second death hits the edge's retry, and nothing has begun.
    return isOfSession(steps[at] ?? '') || (isTwice && at > began) ? 'unknown' : 'goes on'
  },
})

const isOfSession = (step: string): boolean => step.startsWith('session ') || step === 'session.get'

export const sessionJourneys: readonly Journey[] = [open, call('listTodos'), call('addTodo')]

const close: Journey = {
  name: 'session is closed',
  graceSeconds: 60,
  crashesAt: AROUND_SESSIONS,
  mayNotice: true,
  async prepare(client, id) {
    const tokens = await signedIn(client, id)
    const session = await openSession(tokens.access_token)
    const other = await openSession(tokens.access_token)
    const ask = () => closeSession(tokens.access_token, session)
    return {
      act: ask,
      async check(first) {
        const answer = first.status === 503 ? await ask() : first
        expect([204, 404]).toContain(answer.status)
        expect((await callInSession(tokens.access_token, session, 'whoAmI', { id: 1 })).status).toBe(404)
        expect((await callInSession(tokens.access_token, other, 'whoAmI', { id: 1 })).status).toBe(200)
        await expectSessions(tokens, 1)
        return 'goes on'
      },
    }
  },
  forced: () => 'goes on',
}

/** A grant with two sessions ends. Another grant of the same user and client keeps its session. */
const endWithSessions: Journey = {
  name: 'end of a grant with sessions',
  graceSeconds: 60,
  crashesAt: AROUND_SESSIONS,
  async prepare(client, id) {
    const [mine, other] = [await signedIn(client, id), await signedIn(client, id)]
    const connect = async (tokens: Tokens) => {
      const session = await openSession(tokens.access_token)
      return { session, stream: await openStream(tokens.access_token, session) }
    }
    const ending = [await connect(mine), await connect(mine)]
    const staying = await connect(other)
    const ask = () => client.revoke(mine.refresh_token)
    return {
      act: ask,
      async check(first) {
        expect((await retried(ask, first)).status).toBe(200)
        for (const { session } of ending) {
          const call = checked(await callInSession(mine.access_token, session, 'whoAmI', { id: 1 }))
          expect([call.status, call.text]).toEqual([401, expect.stringContaining('the client revoked it')])
        }
        // The alarm closes what a crash left open.
        await expectSessions(other, 1)
        await expect.poll(() => ending.map(({ stream }) => stream.isOver)).toEqual([true, true])
        const next = await callInSession(other.access_token, staying.session, 'whoAmI', { id: 1 })
        expect([next.status, next.text]).toEqual([200, expect.stringContaining('"structuredContent"')])
        expect(staying.stream).toEqual({ status: 200, isOver: false })
        return 'goes on'
      },
    }
  },
  forced: () => 'goes on',
}

export const sessionEnds: readonly Journey[] = [close, endWithSessions]
