import { expect } from 'vitest'
import { type Journey, LOST_CALL_MS, sane, useOf } from './checks.ts'
import { type Answer, type Client, codeIn, tokensIn } from './client.ts'
import { later, userOf } from './inside.ts'
import { CRASH } from './schedule.ts'
import { families } from './witness.ts'
import { withWorkerSteps } from './worker-death.ts'

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
        const again = home ?? (await client.callback(await client.signIn(id)))
        const tokens = tokensIn(await client.redeem(codeIn(sane(again))))
        const end = await useOf(client, tokens)
        // The alarm ends a grant whose code was never sent, and revokes its tokens at PingOne.
        await later(tokens, LOST_CALL_MS)
        // Tokens that PingOne gave to a dead Worker live until the session there ends.
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
  // The Worker died after it had used up the login, so that address says "start again".
  forced: (steps, { at, when }) =>
    steps[at] === 'fetch' || (steps[at] === 'kv delete' && when === 'after') ? 'starts over' : 'goes on',
}
