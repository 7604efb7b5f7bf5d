import { ok, type Result } from '#lib/result.ts'
import type { Connection } from './connection.ts'
import type { PingOneProblem } from './problems.ts'

/**
 * Where a browser signs out of PingOne (OpenID Connect RP-Initiated Logout §2.1); null where PingOne names no address of
 * the issuer's own scheme. It is gone to without any parameter. PingOne finds the session by the browser's own cookie,
 * so that no id token has to be kept until then or stand in a URL (`id_token_hint` is optional), and a place to return
 * to that is not registered at PingOne would be an error there.
 */
export const makeEndSessionUrl =
  ({ discover, settings }: Connection) =>
  async (): Promise<Result<URL | null, PingOneProblem>> => {
    const server = await discover()
    if (!server.ok) return server
    const { end_session_endpoint: text } = server.value
    if (text === undefined || !URL.canParse(text)) return ok(null)
    const url = new URL(text)
    return ok(url.protocol === new URL(settings.issuer).protocol ? url : null)
  }
