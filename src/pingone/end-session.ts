import * as oauth from 'oauth4webapi'
import { ok, type Result } from '#lib/result.ts'
import { type Connection, send } from './connection.ts'
import { failureOf, type PingOneFailure, statusFailure, unavailable } from './failures.ts'

/** Revokes a token at PingOne (RFC 7009). */
export const makeRevocation =
  ({ discover, client, authentication, options }: Connection) =>
  async (token: string): Promise<Result<true, PingOneFailure>> => {
    const server = await discover()
    if (!server.ok) return server
    const sent = await send(() =>
      oauth.revocationRequest(server.value, client, authentication, token, options),
    )
    if (!sent.ok) return sent
    const failure = statusFailure(sent.value)
    if (failure !== null) return failure
    // The status is the whole answer (RFC 7009 §2.2); an HTML page with status 200 comes from a proxy before PingOne.
    if (sent.value.headers.get('content-type')?.startsWith('text/html') === true) return unavailable('html')
    try {
      await oauth.processRevocationResponse(sent.value)
      return ok(true)
    } catch (error) {
      return failureOf(error)
    }
  }

/**
 * The URL where a browser signs out of PingOne (OpenID Connect RP-Initiated Logout §2.1); null where discovery names
 * none with the issuer's scheme. It has no parameters: PingOne finds the session by the browser's cookie, so no id token
 * must be stored or appear in a URL. A return address that is not registered at PingOne would be an error there.
 */
export const makeEndSessionUrl =
  ({ discover, settings }: Connection) =>
  async (): Promise<Result<URL | null, PingOneFailure>> => {
    const server = await discover()
    if (!server.ok) return server
    const { end_session_endpoint: text } = server.value
    if (text === undefined || !URL.canParse(text)) return ok(null)
    const url = new URL(text)
    return ok(url.protocol === new URL(settings.issuer).protocol ? url : null)
  }
