import { expect } from 'vitest'
import { callTool, tokensIn, callInSession, openSession, type Client, codeIn } from './client.ts'
import type { Answer } from '../wire.ts'
import {
  retried,
  checkRecords,
  type Journey,
  LOST_CALL_MS,
  checked,
  signIn,
  checkTokens,
  writesOf,
  runAlarmAfter,
  runAlarm,
  storedOf,
  callsOf,
  userOf,
} from './checks.ts'
import { families, switches } from '../pingone.ts'
import { KEY_NAME } from '#harness/product.ts'
import { AROUND_SESSIONS } from './session-journeys.ts'
import { CRASH, withWorkerSteps } from './schedule.ts'

const codeExchange: Journey = {
  name: 'code exchange',
  graceSeconds: 0,
  async prepare(client, id) {
    const code = await signIn(client, id)
    return {
      act: () => client.redeem(code),
      async check(first) {
        const answer = await retried(() => client.redeem(code), first)
        if (answer.status === 200) {
          const end = await checkTokens(client, tokensIn(answer))
          await checkRecords(tokensIn(answer), id)
          return end
        }
        expect(JSON.parse(answer.text)).toMatchObject({ error: 'invalid_grant' })
        return 'code_reused'
      },
    }
  },
}

const refresh: Journey = {
  name: 'refresh',
  graceSeconds: 0,
  async prepare(client, id) {
    const { refresh_token } = tokensIn(await client.redeem(await signIn(client, id)))
    return {
      act: () => client.refresh(refresh_token),
      async check(first) {
        const answer = await retried(() => client.refresh(refresh_token), first)
        const pair = tokensIn(answer)
        // A client that missed the answer and retries gets the same pair.
        expect(tokensIn(await client.refresh(refresh_token)).refresh_token).toBe(pair.refresh_token)
        const end = await checkTokens(client, pair)
        await checkRecords(pair, id)
        return end
      },
    }
  },
}

/** PingOne's token has expired, so the call refreshes it first. */
const toolCall = (tool: 'listTodos' | 'addTodo', graceSeconds: number): Journey => ({
  name: `${tool === 'addTodo' ? 'write' : 'read'} tool, grace ${graceSeconds} s`,
  graceSeconds,
  async prepare(client, id) {
    switches.accessTokenSeconds = 200
    const tokens = tokensIn(await client.redeem(await signIn(client, id)))
    switches.accessTokenSeconds = 3600
    const ask = () => callTool(tokens.access_token, tool, tool === 'addTodo' ? { text: id } : {})
    return {
      act: ask,
      async check(first) {
        if (first.status !== 200) expect(writesOf(id)).toBe(0)
        const answer = await retried(ask, first)
        if (tool === 'addTodo') {
          if (answer.status !== 200) expect(writesOf(id)).toBe(0)
          else if (answer.text.includes('"isError":true')) expect(writesOf(id)).toBeLessThanOrEqual(1)
          else expect(writesOf(id)).toBe(1)
        }
        const end = await checkTokens(client, tokens)
        await checkRecords(tokens, id)
        return end
      },
    }
  },
})

/** An object that dies at a step that only reads dies as it was at the step before. */
const BUT_READS = /^(?!kv\.(?:get|list)$)/

const end: Journey = {
  name: 'end',
  graceSeconds: 0,
  crashesAt: BUT_READS,
  async prepare(client, id) {
    const tokens = tokensIn(await client.redeem(await signIn(client, id)))
    return {
      async act() {
        const answer = await client.revoke(tokens.refresh_token)
        await runAlarm(tokens)
        return answer
      },
      async check(first) {
        const answer = await retried(() => client.revoke(tokens.refresh_token), first)
        expect(answer.status).toBe(200)
        expect(checked(await callTool(tokens.access_token, 'listTodos')).status).toBe(401)
        expect((await client.refresh(tokens.refresh_token)).text).toContain('the client revoked it')
        // PingOne is notified at once or at the next retry.
        const events = await checkRecords(tokens, id)
        expect(await storedOf(tokens, 'revoke:')).toEqual([])
        expect(families.filter(({ subject }) => subject === id)).toMatchObject([{ isAlive: false }])
        expect(events.filter(({ type }) => type === 'grant.ended')).toHaveLength(1)
        return 'goes on'
      },
    }
  },
}

export const journeys: readonly Journey[] = [
  codeExchange,
  refresh,
  toolCall('listTodos', 60),
  toolCall('listTodos', 0),
  toolCall('addTodo', 60),
  toolCall('addTodo', 0),
  end,
]

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
        if ((await callsOf(tokens)).some(({ outcome }) => outcome === null))
          await runAlarmAfter(tokens, LOST_CALL_MS)
        const second = checked(await ask())
        const third = checked(await ask())
        expect([second.status, third.status]).toEqual([200, 200])
        expect(writesOf(id)).toBeLessThanOrEqual(1)
        if (isDone(second)) expect(third.text).toContain('"repeated":true')
        if (isDone(first))
          expect(isDone(second) ? second.text.includes('"repeated":true') : isUnknown(second)).toBe(true)
        if (isUnknown(second)) expect(isUnknown(third)).toBe(true)
        expect(isDone(second) ? writesOf(id) : 1).toBe(1)
        await checkRecords(tokens, id)
        expect(await checkTokens(client, tokens)).toBe('goes on')
        return isDone(second) ? 'goes on' : 'unknown'
      },
    }
  },
  forced(steps, { at, isTwice, when }) {
    if (transport === 'session') return null
    // Both attempts to store the outcome failed: the API has the change, but the record cannot tell.
    const beganAt = steps.indexOf('answer enter')
    const isStored = steps[at] === 'answer endCall' && when === 'after'
    return isTwice && at > beganAt && !isStored ? 'unknown' : 'goes on'
  },
})

export const keyJourneys: readonly Journey[] = [keyed('stateless'), keyed('session')]

/** The browser shows a connection error, and the user reloads up to twice. */
async function withReloads(ask: () => Promise<Answer>, most = 2): Promise<Answer> {
  try {
    return await ask()
  } catch (error) {
    if (most === 0 || !(error instanceof Error) || error.message !== CRASH) throw error
    return withReloads(ask, most - 1)
  }
}

/** A page must have a button to continue, or tell the user to start again. */
async function finish(client: Client, id: string, answer: Answer): Promise<Answer | null> {
  if (answer.status === 302) return answer
  expect(answer.text).not.toContain(CRASH)
  expect(answer.headers.get('content-type')).toContain('text/html')
  if (answer.status !== 503) {
    expect([answer.status, answer.text]).toEqual([400, expect.stringContaining('Start again from your app')])
    return null
  }
  expect(Number(answer.headers.get('retry-after'))).toBeGreaterThan(0)
  return client.callback(await client.decide(answer, id))
}

/** A login from PingOne's answer to our code: in the Worker, KV, PingOne and the User. */
export const callback: Journey = {
  name: 'callback',
  graceSeconds: 0,
  mayNotice: true,
  answersTo: 'browser',
  async prepare(client, id) {
    const answered = await client.signIn(id)
    return {
      act: () => withWorkerSteps(() => withReloads(() => client.callback(answered))),
      async check(first) {
        const home = await finish(client, id, first)
        const retried = home ?? (await client.callback(await client.signIn(id)))
        const tokens = tokensIn(await client.redeem(codeIn(checked(retried))))
        const end = await checkTokens(client, tokens)
        // The alarm ends a grant whose code was never sent, and revokes its tokens at PingOne.
        const events = await checkRecords(tokens, id)
        // Tokens that PingOne gave to a dead Worker live until the session there ends.
        const issued = families.filter(({ subject }) => subject === id)
        const opened = await userOf(tokens).listGrants()
        expect(issued.filter(({ isAlive }) => isAlive)).toHaveLength(
          home === null ? 1 + issued.length - opened.length : 1,
        )
        expect(opened.filter(({ ended }) => ended === null)).toHaveLength(1)
        for (const type of ['login.completed', 'grant.opened'])
          expect(events.filter((event) => event.type === type)).toHaveLength(opened.length)
        return home === null ? 'starts over' : end
      },
    }
  },
  // The Worker died after it had used up the login, so that address says "start again".
  forced: (steps, { at, when }) =>
    steps[at] === 'fetch' || (steps[at] === 'kv delete' && when === 'after') ? 'starts over' : 'goes on',
}
