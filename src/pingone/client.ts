import type { Fetch } from '#lib/bounded-fetch.ts'
import { ok, type Result } from '#lib/result.ts'
import { makeAuthorizationUrl, newLoginSecrets } from './authorization-url.ts'
import { makeConnection, type PingOneSettings } from './connection.ts'
import { makeCodeExchange, makeIdentification } from './exchange-code.ts'
import type { PingOneProblem } from './problems.ts'
import { makeEndSessionUrl } from './end-session-url.ts'
import { makeRefresh } from './refresh.ts'
import { makeRevocation } from './revoke.ts'

export type PingOne = ReturnType<typeof makePingOne>

/** This server as an OIDC client of PingOne. Certified parts do the protocol: oauth4webapi speaks, jose verifies. */
export function makePingOne(settings: PingOneSettings, deps: { fetch: Fetch; now: () => number }) {
  const connection = makeConnection(settings, deps)

  /** Whether a login can begin at all: asks PingOne only when its addresses are not known yet. */
  async function isReachable(): Promise<Result<true, PingOneProblem>> {
    const server = await connection.discover()
    return server.ok ? ok(true) : server
  }

  return {
    newLoginSecrets: () => newLoginSecrets(settings.issuer),
    isReachable,
    authorizationUrl: makeAuthorizationUrl(connection),
    exchangeCode: makeCodeExchange(connection),
    identify: makeIdentification(connection),
    endSessionUrl: makeEndSessionUrl(connection),
    refresh: makeRefresh(connection),
    revoke: makeRevocation(connection),
  }
}
