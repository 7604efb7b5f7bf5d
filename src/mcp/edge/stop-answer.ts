import type { OAuthResourceContext } from '@cloudflare/workers-oauth-provider'
import { errorCode, jsonRpcError } from '../json-rpc-error.ts'
import { type CallProblem, LASTING } from '../calls/tool-denial.ts'

/**
 * The HTTP status of a call that lost its downstream token before its answer began: clients sign in again only on 401 and
 * retry only on 503. null for other problems.
 * @step tool-call 8 401 and 503 instead of 200
 */
export function answerStop(
  problem: CallProblem,
  auth: OAuthResourceContext<unknown>['auth'],
): Response | null {
  if (problem.reason === 'ended') {
    return jsonRpcError(401, errorCode.refused, 'This access has ended. Sign in again to use this server.', {
      'www-authenticate': challenge(auth),
    })
  }
  if (problem.reason !== 'not_started') return null
  const words = problem.isLasting === true ? LASTING : 'This call could not be started. Try again later.'
  return jsonRpcError(503, errorCode.refused, words, { 'retry-after': String(problem.retryAfterSeconds) })
}

/** RFC 6750 §3.1 and RFC 9728 §5.1, with the same metadata URL as the resource server's challenge. */
function challenge({ audience }: { audience: string }): string {
  const { origin, pathname } = new URL(audience)
  const metadata = `${origin}/.well-known/oauth-protected-resource${pathname}`
  return `Bearer realm="OAuth", error="invalid_token", resource_metadata="${metadata}"`
}
