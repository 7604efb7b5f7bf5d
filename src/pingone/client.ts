import type { Fetch } from '#lib/bounded-fetch.ts'
import { ok, type Result } from '#lib/result.ts'
import { makeAuthorizationUrl, newLoginSecrets } from './authorization-url.ts'
import { makeConnection, type PingOneSettings } from './connection.ts'
import { makeEndSessionUrl, makeRevocation } from './end-session.ts'
import type { PingOneFailure } from './failures.ts'
import { makeCodeExchange, makeIdentification, makeRefresh } from './token-requests.ts'

export type PingOne = ReturnType<typeof makePingOne>

/** The OIDC client of PingOne: oauth4webapi implements the protocol, jose verifies tokens. */
export function makePingOne(settings: PingOneSettings, deps: { fetch: Fetch; now: () => number }) {
  const connection = makeConnection(settings, deps)

  /** Whether a login can begin; calls PingOne only when its discovery document is not cached. */
  async function isReachable(): Promise<Result<true, PingOneFailure>> {
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
