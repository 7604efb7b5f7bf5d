import { expect } from 'vitest'
import { type Answer, callTool, type Client, codeIn, type Tokens, tokensIn } from './client.ts'
import { callsOf, later, runAlarm, storedOf } from './inside.ts'
import { CRASH } from './schedule.ts'
import { families, switches, writes } from './witness.ts'

/** What a client and a person are left with; anything but `goes on` has to be the one that the schedule forces. */
export type End = 'goes on' | 'pingone_ended' | 'code_reused'

export interface Journey {
  name: string
  graceSeconds: number
  /** Up to where crashes begin; gives the part in which they happen, and what is looked at afterwards. */
  prepare(client: Client, id: string): Promise<{ act(): Promise<Answer>; check(first: Answer): Promise<End> }>
}

const LOST_CALL_MS = 600_000

/** No answer says anything of the inside, and one that says "later" says when. */
export function sane(answer: Answer): Answer {
  expect(answer.text).not.toContain(CRASH)
  expect([200, 302, 400, 401, 503]).toContain(answer.status)
  if (answer.status === 503) {
    expect(Number(answer.headers.get('retry-after'))).toBeGreaterThan(0)
    expect(answer.headers.get('content-type')).toContain('application/json')
  }
  return answer
}

async function again(ask: () => Promise<Answer>, first: Answer): Promise<Answer> {
  return first.status === 503 ? sane(await ask()) : first
}

const signIn = async (client: Client, id: string) => codeIn(await client.callback(await client.signIn(id)))

/** The pair works: a call, and one more refresh. */
async function useOf(client: Client, tokens: Tokens): Promise<End> {
  const call = sane(await callTool(tokens.access_token, 'listTodos'))
  const refreshed = sane(await client.refresh(tokens.refresh_token))
  if (call.status === 200 && refreshed.status === 200) return 'goes on'
  expect([call.status, refreshed.status]).toEqual([401, 400])
  return endIn(refreshed)
}

function endIn({ text }: Answer): End {
  const end = /This access has ended: (pingone_ended|code_reused)/.exec(text)?.[1]
  if (end === 'pingone_ended' || end === 'code_reused') return end
  throw new Error(`ended without the reason: ${text}`)
}

const codeExchange: Journey = {
  name: 'code exchange',
  graceSeconds: 0,
  async prepare(client, id) {
    const code = await signIn(client, id)
    return {
      act: () => client.redeem(code),
      async check(first) {
        const answer = await again(() => client.redeem(code), first)
        if (answer.status === 200) return useOf(client, tokensIn(answer))
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
        const answer = await again(() => client.refresh(refresh_token), first)
        const pair = tokensIn(answer)
        // Whoever did not hear the answer and asks again gets the same, so that there is one pair and no more.
        expect(tokensIn(await client.refresh(refresh_token)).refresh_token).toBe(pair.refresh_token)
        return useOf(client, pair)
      },
    }
  },
}

/** PingOne's token is over, so that the call renews it first. */
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
        const answer = await again(ask, first)
        if (tool === 'addTodo') {
          if (answer.status !== 200) expect(writesOf(id)).toBe(0)
          else if (answer.text.includes('"isError":true')) expect(writesOf(id)).toBeLessThanOrEqual(1)
          else expect(writesOf(id)).toBe(1)
        }
        const end = await useOf(client, tokens)
        await checkRecords(tokens, id)
        return end
      },
    }
  },
})

const writesOf = (id: string) => writes.filter(({ text }) => text === id).length

/** Every effect has its record, every record an outcome, and the two agree. */
async function checkRecords(tokens: Tokens, id: string): Promise<void> {
  await later(tokens, LOST_CALL_MS)
  const calls = await callsOf(tokens)
  const executed = writes.filter(({ text }) => text === id)
  for (const { outcome } of calls) expect(['done', 'refused', 'failed', 'unknown']).toContain(outcome)
  for (const { key } of executed) {
    expect(calls.filter((call) => call.id === key)).toMatchObject([
      { tool: 'addTodo', outcome: expect.stringMatching(/^(?:done|unknown)$/) },
    ])
  }
  const done = calls.filter(({ tool, outcome }) => tool === 'addTodo' && outcome === 'done')
  for (const call of done) expect(executed.filter(({ key }) => key === call.id)).toHaveLength(1)
}

const end: Journey = {
  name: 'end',
  graceSeconds: 0,
  async prepare(client, id) {
    const tokens = tokensIn(await client.redeem(await signIn(client, id)))
    return {
      async act() {
        const answer = await client.revoke(tokens.refresh_token)
        await runAlarm(tokens)
        return answer
      },
      async check(first) {
        const answer = await again(() => client.revoke(tokens.refresh_token), first)
        expect(answer.status).toBe(200)
        expect(sane(await callTool(tokens.access_token, 'listTodos')).status).toBe(401)
        expect((await client.refresh(tokens.refresh_token)).text).toContain('revoked_by_client')
        // PingOne hears of it now, or when it is asked again.
        await later(tokens, LOST_CALL_MS)
        expect(await storedOf(tokens, 'revoke:')).toEqual([])
        expect(families.filter(({ subject }) => subject === id)).toMatchObject([{ isAlive: false }])
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
