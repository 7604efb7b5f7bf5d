import { expect } from 'vitest'
import { again, type Journey, sane } from './checks.ts'
import type { Tokens } from './client.ts'
import { callInSession, closeSession, openSession, openStream } from './session-client.ts'
import { AROUND_SESSIONS, expectSessions, signedIn } from './session-journeys.ts'

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
        expect((await again(ask, first)).status).toBe(200)
        for (const { session } of ending) {
          const call = sane(await callInSession(mine.access_token, session, 'whoAmI', { id: 1 }))
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
