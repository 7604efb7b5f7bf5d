import { expect } from 'vitest'
import { again, checkRecords, type Journey, LOST_CALL_MS, sane, signIn, writesOf } from './checks.ts'
import { type Client, type Tokens, tokensIn } from './client.ts'
import { later, storedOf } from './inside.ts'
import { callInSession, initialize, openSession, sessionIn } from './session-client.ts'

export const signedIn = async (client: Client, id: string) =>
  tokensIn(await client.redeem(await signIn(client, id)))

/** Other steps of a User are covered by the journeys without a session. */
export const AROUND_SESSIONS = /^(?:session|answer|setAlarm)/

/** No session is left except those that the client has. */
export async function expectSessions(tokens: Tokens, count: number): Promise<void> {
  await later(tokens, LOST_CALL_MS)
  expect(await storedOf(tokens, 'session:')).toHaveLength(count)
  expect(await storedOf(tokens, 'closing-session:')).toEqual([])
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
        const session = sessionIn(await again(ask, first))
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
          const answer = await again(() => ask(2), first)
          expect(answer.text).toContain('"structuredContent"')
        } else if (first.status === 503) expect(writesOf(id)).toBe(0)
        else if (isUnknown) expect(writesOf(id)).toBeLessThanOrEqual(1)
        else expect([writesOf(id), first.text]).toEqual([1, expect.stringContaining('"structuredContent"')])
        // The object died; the session continues.
        const next = sane(await callInSession(tokens.access_token, session, 'whoAmI', { id: 3 }))
        expect([next.status, next.text]).toEqual([200, expect.stringContaining('"structuredContent"')])
        await checkRecords(tokens, id)
        await expectSessions(tokens, 1)
        return isUnknown ? 'unknown' : 'goes on'
      },
    }
  },
  forced(steps, { at, isTwice }) {
    if (tool === 'listTodos') return 'goes on'
    const [began, ended] = [steps.indexOf('session user.beginCall'), steps.indexOf('session user.endCall')]
    // The answer is already on its way: it may or may not arrive.
    if (at >= ended) return null
    // If the User dies in beginCall, the second death hits the session's retry.
    return isOfSession(steps[at] ?? '') || (isTwice && at > began) ? 'unknown' : 'goes on'
  },
})

const isOfSession = (step: string): boolean => step.startsWith('session ') || step === 'session.get'

export const sessionJourneys: readonly Journey[] = [open, call('listTodos'), call('addTodo')]
