import * as oauth from 'oauth4webapi'
import { err, ok, type Result } from '#lib/result.ts'
import { judgeStatus, problemOf, type PingOneProblem } from './problems.ts'
import { send, type Wire } from './wire.ts'

const FRESH_SECONDS = 3600
/** PingOne down for an hour must not stop a login that only needs the addresses which we already know. */
const STALE_SECONDS = 24 * 3600

/**
 * The discovery document, fetched when it is first needed and kept per isolate. Only values are kept, never a
 * promise: workerd ends what one request started when that request ends.
 */
export function makeDiscovery(wire: Wire, issuer: string, now: () => number) {
  let known: { server: oauth.AuthorizationServer; atSeconds: number } | null = null

  return async (): Promise<Result<oauth.AuthorizationServer, PingOneProblem>> => {
    if (known !== null && now() - known.atSeconds < FRESH_SECONDS) return ok(known.server)
    const found = await fetchDocument(wire, issuer)
    if (found.ok) known = { server: found.value, atSeconds: now() }
    else if (known !== null && now() - known.atSeconds < STALE_SECONDS) return ok(known.server)
    return found
  }
}

async function fetchDocument(
  wire: Wire,
  issuer: string,
): Promise<Result<oauth.AuthorizationServer, PingOneProblem>> {
  const sent = await send(() => oauth.discoveryRequest(new URL(issuer), wire.options))
  if (!sent.ok) return sent
  const bad = judgeStatus(sent.value)
  if (bad !== null) return bad
  // Waiting mends no wrong address: PingOne answers an environment that it does not have with a 4xx.
  const { status } = sent.value
  if (status >= 300) return err({ reason: 'misconfigured', detail: `discovery status ${status}` })
  try {
    // OpenID Connect Discovery §4.3: the document's issuer must be the configured one, byte for byte.
    return ok(await oauth.processDiscoveryResponse(new URL(issuer), sent.value))
  } catch (error) {
    const problem = problemOf(error)
    // There is no grant or code in this exchange: a document of another issuer is a wrong setting.
    return problem.error.reason === 'unavailable'
      ? problem
      : err({ reason: 'misconfigured', detail: 'discovery' })
  }
}
