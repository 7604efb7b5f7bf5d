import { expect } from 'vitest'
import { type Journey, LOST_CALL_MS, sane, useOf } from './checks.ts'
import { type Answer, type Client, codeIn, tokensIn } from './client.ts'
import { later, userOf } from './inside.ts'
import { CRASH } from './schedule.ts'
import { families } from './witness.ts'
import { withWorkerSteps } from './worker-death.ts'

/** The browser shows that the connection broke; whoever sits there opens the address again, and once more. */
async function withReloads(ask: () => Promise<Answer>, most = 2): Promise<Answer> {
  try {
    return await ask()
  } catch (error) {
    if (most === 0 || !(error instanceof Error) || error.message !== CRASH) throw error
    return withReloads(ask, most - 1)
  }
}

/** To the user a page is an answer: either it has a button that goes on, or it says to start again. */
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

/** A login from PingOne's answer to the code: in the Worker, in KV, at PingOne, in the User. */
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
        const again = home ?? (await client.callback(await client.signIn(id)))
        const tokens = tokensIn(await client.redeem(codeIn(sane(again))))
        const end = await useOf(client, tokens)
        // A grant whose code never left is ended by the alarm of the User, and PingOne hears of it.
        await later(tokens, LOST_CALL_MS)
        // What PingOne gave to a Worker that died ends with the session there: nobody can be asked to end it.
        const given = families.filter(({ subject }) => subject === id)
        const opened = await userOf(tokens).listGrants()
        expect(given.filter(({ isAlive }) => isAlive)).toHaveLength(
          home === null ? 1 + given.length - opened.length : 1,
        )
        expect(opened.filter(({ ended }) => ended === null)).toHaveLength(1)
        return home === null ? 'starts over' : end
      },
    }
  },
  // The Worker died after the login was used up, and nobody was told: that address says "start again".
  forced: (steps, { at, when }) =>
    steps[at] === 'fetch' || (steps[at] === 'kv delete' && when === 'after') ? 'starts over' : 'goes on',
}
