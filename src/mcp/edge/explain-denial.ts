import { z } from 'zod'
import { errorCode } from '../json-rpc-error.ts'

const OAuthError = z.object({ error_description: z.string() })

/** Gives the resource server's denials a body that MCP clients read. */
export async function explainDenial(answer: Response): Promise<Response> {
  if (answer.status === 401) return explainChallenge(answer)
  return answer.status === 503 ? explainOutage(answer) : answer
}

/**
 * Adds a sentence to the challenge, for clients that show only the body. It reveals no more than the challenge does. A
 * JSON-RPC body stays as it is.
 */
async function explainChallenge(answer: Response): Promise<Response> {
  const { text, isOurs, why } = await readDenial(answer)
  if (isOurs) return new Response(text, answer)
  const isInvalid = answer.headers.get('www-authenticate')?.includes('error="invalid_token"') === true
  return inJsonRpc(answer, isInvalid ? `${why === undefined ? NO_LONGER : `${why}.`} ${AGAIN}` : SIGN_IN)
}

/** The sentence of an outage before a transport, as JSON-RPC. */
async function explainOutage(answer: Response): Promise<Response> {
  const { text, isOurs, why } = await readDenial(answer)
  return isOurs || why === undefined ? new Response(text, answer) : inJsonRpc(answer, why)
}

/** The body of a denial: JSON-RPC of our own, or the resource server's OAuth error and its sentence. */
async function readDenial(answer: Response) {
  const text = await answer.text()
  const body: unknown =
    answer.headers.get('content-type')?.startsWith('application/json') === true ? JSON.parse(text) : null
  const isOurs = z.object({ jsonrpc: z.literal('2.0') }).safeParse(body).success
  return { text, isOurs, why: OAuthError.safeParse(body).data?.error_description }
}

function inJsonRpc(answer: Response, message: string): Response {
  const headers = new Headers(answer.headers)
  headers.delete('content-length')
  headers.set('content-type', 'application/json')
  const error = { code: errorCode.refused, message }
  return Response.json({ jsonrpc: '2.0', id: null, error }, { status: answer.status, headers })
}

const SIGN_IN =
  'Sign in to use this server: your MCP client opens a browser for it. If it does not, connect to this server again in ' +
  'the client and choose to sign in.'
const NO_LONGER = 'This access is not valid any more.'
const AGAIN =
  'Sign in again to use this server: your MCP client opens a browser for it. If it does not, remove its login and connect again.'
