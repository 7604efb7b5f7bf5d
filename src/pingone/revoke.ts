import * as oauth from 'oauth4webapi'
import { ok, type Result } from '#lib/result.ts'
import type { Connection } from './connection.ts'
import { judgeStatus, problemOf, type PingOneProblem, unavailable } from './problems.ts'
import { send } from './wire.ts'

/** RFC 7009: what we end here ends there. */
export const makeRevocation =
  ({ discover, client, authentication, options }: Connection) =>
  async (token: string): Promise<Result<true, PingOneProblem>> => {
    const server = await discover()
    if (!server.ok) return server
    const sent = await send(() =>
      oauth.revocationRequest(server.value, client, authentication, token, options),
    )
    if (!sent.ok) return sent
    const bad = judgeStatus(sent.value)
    if (bad !== null) return bad
    // The status alone is the answer (RFC 7009 §2.2); a page with a good one comes from someone before PingOne.
    if (sent.value.headers.get('content-type')?.startsWith('text/html') === true) return unavailable('html')
    try {
      await oauth.processRevocationResponse(sent.value)
      return ok(true)
    } catch (error) {
      return problemOf(error)
    }
  }
