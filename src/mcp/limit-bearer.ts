import { z } from 'zod'
import type { Failures } from '#limits/failures.ts'
import { corsOf } from './guard-request.ts'
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
  if (answer.status === 401) return sayWhy(answer)
  if (answer.status !== 429) return answer
  // The User's own no comes in the words of OAuth; who speaks MCP reads JSON-RPC.
  await answer.body?.cancel()
  return answerTooMany(request, answer.headers.get('retry-after') ?? '1')
}

const Ended = z.object({ error_description: z.string() })

/**
 * The challenge unchanged, with a sentence for clients that show only the body. It reveals no more than the challenge:
 * that there was no token, or that the token is not valid; and why an access ended, where the client learns it anyway. A
 * body that an endpoint wrote itself stays.
 */
async function sayWhy(answer: Response): Promise<Response> {
  const text = await answer.text()
  const body: unknown =
    answer.headers.get('content-type')?.startsWith('application/json') === true ? JSON.parse(text) : null
  if (z.object({ jsonrpc: z.literal('2.0') }).safeParse(body).success) return new Response(text, answer)
  const why = Ended.safeParse(body).data?.error_description
  const isInvalid = answer.headers.get('www-authenticate')?.includes('error="invalid_token"') === true
  const words = isInvalid ? `${why === undefined ? NO_LONGER : `${why}.`} ${AGAIN}` : SIGN_IN
  const headers = new Headers(answer.headers)
  headers.delete('content-length')
  headers.set('content-type', 'application/json')
  const error = { code: errorCode.refused, message: words }
  return Response.json({ jsonrpc: '2.0', id: null, error }, { status: 401, headers })
}

const SIGN_IN =
  'Sign in to use this server: your MCP client opens a browser for it. If it does not, connect to this server again in ' +
  'the client and choose to sign in.'
const NO_LONGER = 'This access is not valid any more.'
const AGAIN =
  'Sign in again to use this server: your MCP client opens a browser for it. If it does not, remove its login and connect again.'

/** The origin, where there is one, was checked before (guard-request.ts). */
const answerTooMany = (request: Request, retryAfter: string): Response =>
  jsonRpcError(429, errorCode.refused, 'Too many requests. Nothing was done. Try again later.', {
    'retry-after': retryAfter,
    ...corsOf(request.headers.get('origin')),
  })
