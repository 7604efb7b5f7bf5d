import type { Failures } from '../limits/failures.ts'
import { errorCode, jsonRpcError } from './json-rpc-error.ts'

// As the library reads it: what it takes for a token is limited as one.
const BEARER = /^Bearer[\t ]+([^\s,]+)$/i

/**
 * Before the bearer is looked up: a grant whose bearers or sessions fail too often from one network waits there. A
 * request without a bearer is no failure: every connection begins with one, and its challenge says how to go on.
 */
export async function limitBearer(
  request: Request,
  { failures, isRetired }: { failures: Failures; isRetired: (token: string) => boolean },
  ask: () => Promise<Response>,
): Promise<Response> {
  const tooMany = (waitSeconds: number) => answerTooMany(request, String(waitSeconds))
  const token = BEARER.exec(request.headers.get('authorization') ?? '')?.[1]
  const answer =
    token === undefined
      ? await ask()
      : await failures.limitToken({ request, token, isRetired: isRetired(token) }, ask, tooMany)
  if (answer.status !== 429) return answer
  // The Person's own no comes in the words of OAuth; who speaks MCP reads JSON-RPC.
  await answer.body?.cancel()
  return answerTooMany(request, answer.headers.get('retry-after') ?? '1')
}

/** The origin, where there is one, was checked before (guard-request.ts). */
function answerTooMany(request: Request, retryAfter: string): Response {
  const origin = request.headers.get('origin')
  const cors = {
    'access-control-allow-origin': origin ?? '',
    'access-control-expose-headers': 'Retry-After',
    vary: 'Origin',
  }
  return jsonRpcError(429, errorCode.refused, 'Too many requests. Nothing was done. Try again later.', {
    'retry-after': retryAfter,
    ...(origin === null ? {} : cors),
  })
}
