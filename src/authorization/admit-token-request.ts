import { CimdFetchError, type OAuthHelpers } from '@cloudflare/workers-oauth-provider'
import type { Config } from '../config.ts'
import { readBounded, TooLargeError } from '../lib/bounded-fetch.ts'
import { log } from '../lib/log.ts'
import { redacted } from '../lib/redacted.ts'
import { err, ok, type Result } from '../lib/result.ts'
import type { Failures } from '../limits/failures.ts'
import type { Admission } from './admission.ts'
import { tooManyAt } from './answer-too-many.ts'
import { namedClients } from './named-clients.ts'
import { answerOAuthRefusal, endpointHeaders, type OAuthRefusal } from './oauth-refusal.ts'
import { comeAgainLater } from './or-unavailable.ts'
import { type OwnerProblem, tokenOwner } from './token-owner.ts'

// An assertion may have 16 KiB by the library's rule; codes and tokens are short.
const MAX_BODY_BYTES = 32 * 1024
const FORM = 'application/x-www-form-urlencoded'

/** Where a request carries something that `/token` once gave out, or `/callback`. */
const issuedIn = (form: URLSearchParams) => (isRevocation(form) ? ['token'] : ['code', 'refresh_token'])
const isRevocation = (form: URLSearchParams) => (form.get('grant_type') ?? '') === ''

export interface TokenParts {
  config: Config
  admission: Admission
  oauth: OAuthHelpers
  failures: Failures
}

/**
 * What stands before `/token`, which is the revocation endpoint too. The library looks a client up before anything
 * else, and for a URL that is a request to a host of the sender's choice: so clients are admitted here. What goes on
 * to the library is the form as it was read here, so that the two cannot read it differently.
 */
export async function admitTokenRequest(
  request: Request,
  parts: TokenParts,
): Promise<Result<Request, Response>> {
  const tooMany = tooManyAt(request)
  const refuse = async (refusal: OAuthRefusal) =>
    err(await parts.failures.limit(request, answerOAuthRefusal(request, refusal), tooMany))
  const [type = ''] = (request.headers.get('Content-Type') ?? '').split(';')
  // The library refuses these before it looks at the body.
  if (type.trim().toLowerCase() !== FORM) return ok(request)
  const form = await readForm(request)
  if (form === null)
    return refuse({ status: 413, code: 'invalid_request', description: 'The request is too large' })

  const authorization = request.headers.get('Authorization')
  const named = namedClients(form, authorization)
  if (named === null) return refuse(unknownClient(authorization))
  for (const client of named) {
    const reason = parts.admission.refuseClientId(client)
    if (reason === null) continue
    log.warn('client.not-admitted', { at: 'token', reason, client: redacted(client, 200) })
    return refuse(unknownClient(authorization))
  }
  const problem = await whatIsIssued(form, parts)
  // Before its client is looked up: what was made up asks KV only so often.
  const waitSeconds = problem === 'not_ours' ? await parts.failures.count(request) : 0
  if (waitSeconds > 0) return err(tooMany(waitSeconds))
  // Nothing is looked up for it: whoever makes up a key id would have that for nothing.
  if (problem === 'key_missing') return refuse(comeAgainLater)
  if (problem === 'not_ours' && !(await isUnknown(named, parts.oauth))) {
    log.info('token.not-ours', { client: named[0] })
    // RFC 7009 §2.2: a token that does not exist is as good as revoked.
    if (isRevocation(form)) return err(new Response(null, { headers: endpointHeaders(request) }))
    const refusal = {
      status: 400,
      code: 'invalid_grant',
      description: 'This code or token is not valid',
    } as const
    return err(answerOAuthRefusal(request, refusal))
  }
  const headers = new Headers(request.headers)
  headers.set('Content-Type', FORM)
  headers.delete('Content-Length')
  return ok(new Request(request, { method: 'POST', headers, body: form.toString() }))
}

/** Why the library may not look for what the form brings; null: it may. */
async function whatIsIssued(form: URLSearchParams, parts: TokenParts): Promise<OwnerProblem | null> {
  const issued = issuedIn(form)
    .flatMap((name) => form.getAll(name))
    .filter((value) => value !== '')
  const owners = await Promise.all(issued.map((token) => tokenOwner(parts.config, token)))
  const problems = owners.flatMap((owner) => (owner.ok ? [] : [owner.error]))
  return problems.find((each) => each === 'not_ours') ?? problems[0] ?? null
}

/** A client that nobody knows, or that none is, has to hear just that first, or it would never register again. */
async function isUnknown([client]: readonly string[], oauth: OAuthHelpers): Promise<boolean> {
  if (client === undefined) return true
  try {
    return (await oauth.lookupClient(client)) === null
  } catch (error) {
    if (error instanceof CimdFetchError) return true
    throw error
  }
}

async function readForm(request: Request): Promise<URLSearchParams | null> {
  try {
    const body = await readBounded(request.body, MAX_BODY_BYTES)
    return new URLSearchParams(new TextDecoder().decode(body))
  } catch (error) {
    if (error instanceof TooLargeError) return null
    throw error
  }
}

/** RFC 6749 §5.2: a client that tried the Authorization header is told which scheme it was. */
const unknownClient = (authorization: string | null): OAuthRefusal => ({
  status: 401,
  code: 'invalid_client',
  description: 'This client is not admitted here',
  ...(/^basic\b/i.test(authorization ?? '')
    ? { headers: { 'WWW-Authenticate': 'Basic realm="OAuth"' } }
    : {}),
})
