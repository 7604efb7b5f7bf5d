import { expect } from 'vitest'
import { KEY_NAME } from '../../support/product.ts'
import { checkRecords, type Journey, LOST_CALL_MS, sane, signIn, useOf, writesOf } from './checks.ts'
import { type Answer, callTool, tokensIn } from './client.ts'
import { callsOf, later } from './inside.ts'
import { callInSession, openSession } from './session-client.ts'
import { AROUND_SESSIONS } from './session-journeys.ts'

type Transport = 'stateless' | 'session'

const isDone = ({ text }: Answer): boolean => text.includes('"structuredContent"')
const isUnknown = ({ text }: Answer): boolean => text.includes('unknown whether this change was made')

/** A write with an idempotency key: retries must not execute it twice. */
const keyed = (transport: Transport): Journey => ({
  name: `write with the client's key, ${transport}`,
  graceSeconds: 60,
  ...(transport === 'session' ? { crashesAt: AROUND_SESSIONS } : {}),
  mayNotice: true,
  async prepare(client, id) {
    const tokens = tokensIn(await client.redeem(await signIn(client, id)))
    const session = transport === 'session' ? await openSession(tokens.access_token) : null
    const meta = { [KEY_NAME]: crypto.randomUUID() }
    const input = { text: id }
    let message = 0
    const ask = () =>
      session === null
        ? callTool(tokens.access_token, 'addTodo', input, meta)
        : callInSession(tokens.access_token, session, 'addTodo', { id: (message += 1), input, meta })
    return {
      act: ask,
      async check(first) {
        if (isDone(first)) expect(writesOf(id)).toBe(1)
        if (first.status === 503) expect(writesOf(id)).toBe(0)
        // A call without an outcome counts as running for two minutes.
        if ((await callsOf(tokens)).some(({ outcome }) => outcome === null)) await later(tokens, LOST_CALL_MS)
        const second = sane(await ask())
        const third = sane(await ask())
        expect([second.status, third.status]).toEqual([200, 200])
        expect(writesOf(id)).toBeLessThanOrEqual(1)
        if (isDone(second)) expect(third.text).toContain('"repeated":true')
        if (isDone(first))
          expect(isDone(second) ? second.text.includes('"repeated":true') : isUnknown(second)).toBe(true)
        if (isUnknown(second)) expect(isUnknown(third)).toBe(true)
        expect(isDone(second) ? writesOf(id) : 1).toBe(1)
        await checkRecords(tokens, id)
        expect(await useOf(client, tokens)).toBe('goes on')
        return isDone(second) ? 'goes on' : 'unknown'
      },
    }
  },
  forced(steps, { at, isTwice, when }) {
    if (transport === 'session') return null
    // Both attempts to store the outcome failed: the API has the change, but the record cannot tell.
    const told = steps.indexOf('answer beginCall')
    const isTold = steps[at] === 'answer endCall' && when === 'after'
    return isTwice && at > told && !isTold ? 'unknown' : 'goes on'
  },
})

export const keyJourneys: readonly Journey[] = [keyed('stateless'), keyed('session')]
