import type { z } from 'zod'
import { readBody } from '#http/read-request.ts'
import { networkOf } from '#lib/addresses.ts'
import { agentFamily } from '#lib/agent-family.ts'
import { isSameText, thumbprint } from '#lib/hash.ts'
import { log } from '#lib/log.ts'
import { redacted } from '#lib/redacted.ts'
import { err, ok, type Result } from '#lib/result.ts'
import { newIncident } from '#lib/trace.ts'
import { newSecret } from '#sign-in/page-session.ts'
import { sha256Hex } from '#lib/hash.ts'
import type { TokenAnswer, TokenError } from './api-schema.ts'
import { type Code, openCode } from './authorization-code.ts'
import type { OperateDeps } from './deps.ts'
import { OPERATE_CLIENT } from './native-client.ts'
import { newOperatorToken } from './operator-token.ts'

const LIMIT = { type: 'application/x-www-form-urlencoded', maxBytes: 16 * 1024 } as const
const RETRY_AFTER_SECONDS = 5

interface Denial {
  error:
    | 'invalid_request'
    | 'invalid_client'
    | 'invalid_grant'
    | 'unsupported_grant_type'
    | 'temporarily_unavailable'
  description: string
  status?: 400 | 413 | 429 | 503
  retryAfterSeconds?: number
}

/**
 * POST /operate/token: a code for a token of an operator (RFC 6749 §4.1.3, RFC 7636 §4.5). No refresh, and no CORS: the
 * command is no web page.
 * @step operate 12-13 a token for the command
 */
export async function answerToken(request: Request, deps: OperateDeps): Promise<Response> {
  try {
    const redeemed = await redeem(request, deps)
    if (redeemed.ok) return answer(200, redeemed.value)
    deps.countDenial('operate.invalid')
    return await deps.limitFailure(refuse(redeemed.error), (seconds) =>
      refuse({ ...TOO_MANY, retryAfterSeconds: seconds }),
    )
  } catch (error) {
    const detail = error instanceof Error ? redacted(`${error.name}: ${error.message}`) : 'not an error'
    log.error('operate.unavailable', { incident: newIncident(), at: 'token', detail })
    return refuse(UNAVAILABLE)
  }
}

const TOO_MANY: Denial = {
  error: 'temporarily_unavailable',
  description: 'Too many failed attempts. Try again later.',
  status: 429,
}
const UNAVAILABLE: Denial = {
  error: 'temporarily_unavailable',
  description: 'The sign-in could not be finished. Run the command again.',
  status: 503,
  retryAfterSeconds: RETRY_AFTER_SECONDS,
}
const denied = (error: Denial['error'], description: string): Denial => ({ error, description })
/** One sentence for every code that does not work: it reveals nothing about which check failed. */
const NO_CODE = denied('invalid_grant', 'This code is not valid. Run the command again.')

async function redeem(
  request: Request,
  deps: OperateDeps,
): Promise<Result<z.infer<typeof TokenAnswer>, Denial>> {
  const form = await readTokenRequest(request)
  if (!form.ok) return form
  const code = await openCode(form.value.code, deps)
  if (code === null) return err(NO_CODE)
  const challenge = await thumbprint(form.value.verifier)
  const isForThis = isSameText(challenge, code.challenge) && form.value.redirectUri === code.redirectUri
  return isForThis ? openSession(request, code, deps) : err(NO_CODE)
}

async function openSession(
  request: Request,
  code: Code,
  { userOf, nowSeconds }: OperateDeps,
): Promise<Result<z.infer<typeof TokenAnswer>, Denial>> {
  const { userId, roles, userName, preferredUsername, authenticatedAtSeconds, endsAtSeconds } = code
  const user = await userOf(userId)
  const used = await user?.useSignIn(await sha256Hex(`operate\n${code.id}`), newSecret(), endsAtSeconds)
  if (user === null || used !== 'done') return err(NO_CODE)
  const { text, session } = await newOperatorToken(userId)
  const opened = await user.openOperator(session, {
    roles,
    userName,
    preferredUsername,
    authenticatedAtSeconds,
    network: networkOf(request),
    agent: agentFamily(request),
  })
  const stored = opened === 'done' ? await user.readOperator(session) : opened
  if (typeof stored === 'string') return err(NO_CODE)
  log.info('sign-in.completed', { purpose: 'operate' })
  const expiresIn = Math.max(0, stored.endsAtSeconds - nowSeconds())
  return ok({ access_token: text, token_type: 'Bearer', expires_in: expiresIn })
}

interface TokenRequest {
  code: string
  verifier: string
  redirectUri: string
}

/** RFC 7636 §4.1 */
const VERIFIER = /^[A-Za-z0-9._~-]{43,128}$/

/** The only parser of this form. A parameter may not be repeated, and an empty one counts as omitted (RFC 6749 §3.2). */
async function readTokenRequest(request: Request): Promise<Result<TokenRequest, Denial>> {
  const body = await readBody(request, LIMIT)
  if (!body.ok)
    return body.error === 'type'
      ? err(denied('invalid_request', `The content type must be ${LIMIT.type}`))
      : err({ ...denied('invalid_request', 'The request is too large'), status: 413 })
  const sent = [...new URLSearchParams(new TextDecoder().decode(body.value))]
  if (new Set(sent.map(([name]) => name)).size < sent.length)
    return err(denied('invalid_request', 'A parameter was sent more than once'))
  const form = new Map(sent.filter(([, value]) => value !== ''))
  const grantType = form.get('grant_type')
  if (grantType === undefined) return err(denied('invalid_request', 'grant_type is missing'))
  if (grantType !== 'authorization_code')
    return err(denied('unsupported_grant_type', 'grant_type must be authorization_code'))
  if (form.get('client_id') !== OPERATE_CLIENT)
    return err(denied('invalid_client', `client_id must be ${OPERATE_CLIENT}`))
  const [code, verifier, redirectUri] = ['code', 'code_verifier', 'redirect_uri'].map((name) =>
    form.get(name),
  )
  if (code === undefined || redirectUri === undefined || verifier === undefined || !VERIFIER.test(verifier))
    return err(denied('invalid_request', 'code, redirect_uri and code_verifier are required'))
  return ok({ code, verifier, redirectUri })
}

/** No cache stores the answer (RFC 6749 §5.1). */
const answer = (status: number, body: object, headers: Readonly<Record<string, string>> = {}): Response =>
  Response.json(body, { status, headers: { 'Cache-Control': 'no-store', Pragma: 'no-cache', ...headers } })

const refuse = ({ error, description, status = 400, retryAfterSeconds }: Denial): Response =>
  answer(
    status,
    { error, error_description: description } satisfies z.infer<typeof TokenError>,
    retryAfterSeconds === undefined ? {} : { 'Retry-After': String(retryAfterSeconds) },
  )
