import { CimdFetchError, type OAuthHelpers } from '@cloudflare/workers-oauth-provider'
import type { Config } from '#config.ts'
import { readBody } from '#http/read-request.ts'
import { log } from '#lib/log.ts'
import { redacted } from '#lib/redacted.ts'
import { err, type Result } from '#lib/result.ts'
import type { Failures } from '#limits/failures.ts'
import type { Admission } from '../clients/admission.ts'
import { tooManyAt } from '../answer-too-many.ts'
import { answerOAuthDenial, endpointHeaders, type OAuthDenial } from '../oauth-denial.ts'
import { comeAgainLater } from '../or-unavailable.ts'
import { readTokenForm, type TokenRequest } from './token-form.ts'
import { tokenOwner } from './token-owner.ts'

// An assertion may have 16 KiB by the library's rule; codes and tokens are short.
const LIMIT = { type: 'application/x-www-form-urlencoded', maxBytes: 32 * 1024 } as const

export interface TokenDeps {
  config: Config
  admission: Admission
  oauth: OAuthHelpers
  failures: Failures
}

/**
 * What stands before `/token`, which is the revocation endpoint too. The library looks a client up before anything
 * else, and for a URL that is a request to a host of the sender's choice: so clients are admitted here. What goes on
 * is the form as it was read here (token-form.ts), so that no later reader can disagree.
 */
export async function admitTokenRequest(
  request: Request,
  parts: TokenDeps,
): Promise<Result<TokenRequest, Response>> {
  const tooMany = tooManyAt(request)
  const refuse = async (denial: OAuthDenial) =>
    err(await parts.failures.limit(request, answerOAuthDenial(request, denial), tooMany))
  const body = await readBody(request, LIMIT)
  if (!body.ok) return refuse(body.error === 'type' ? noForm : tooLarge)
  const read = readTokenForm(request, new TextDecoder().decode(body.value))
  if (!read.ok) return refuse(read.error)

  const authorization = request.headers.get('Authorization')
  const { clients, presented, isRevocation } = read.value
  if (clients === null) return refuse(unknownClient(authorization))
  for (const client of clients) {
    const reason = parts.admission.refuseClientId(client)
    if (reason === null) continue
    log.warn('client.not-admitted', { at: 'token', reason, client: redacted(client, 200) })
    return refuse(unknownClient(authorization))
  }
  const owner = presented === null ? null : await tokenOwner(parts.config, presented.value)
  const problem = owner === null || owner.ok ? null : owner.error
  // Before its client is looked up: what was made up asks KV only so often.
  const waitSeconds = problem === 'not_ours' ? await parts.failures.count(request) : 0
  if (waitSeconds > 0) return err(tooMany(waitSeconds))
  // Nothing is looked up for it: whoever makes up a key id would have that for nothing.
  if (problem === 'key_missing') return refuse(comeAgainLater)
  if (problem === 'not_ours' && !(await isUnknown(clients, parts.oauth))) {
    log.info('token.not-ours', { client: clients[0] })
    // RFC 7009 §2.2: a token that does not exist is as good as revoked.
    if (isRevocation) return err(new Response(null, { headers: endpointHeaders(request) }))
    const denial = {
      status: 400,
      code: 'invalid_grant',
      description: 'This code or token is not valid',
    } as const
    return err(answerOAuthDenial(request, denial))
  }
  return read
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

// RFC 6749 §5.2 has one status for this, whatever HTTP has.
const noForm: OAuthDenial = {
  status: 400,
  code: 'invalid_request',
  description: 'The content type must be application/x-www-form-urlencoded',
}
const tooLarge: OAuthDenial = {
  status: 413,
  code: 'invalid_request',
  description: 'The request is too large',
}

/** RFC 6749 §5.2: a client that tried the Authorization header is told which scheme it was. */
const unknownClient = (authorization: string | null): OAuthDenial => ({
  status: 401,
  code: 'invalid_client',
  description: 'This client is not admitted here',
  ...(/^basic\b/i.test(authorization ?? '')
    ? { headers: { 'WWW-Authenticate': 'Basic realm="OAuth"' } }
    : {}),
})
