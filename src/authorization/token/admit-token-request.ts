import { CimdFetchError, type OAuthHelpers } from '@cloudflare/workers-oauth-provider'
import type { Config } from '#config.ts'
import type { CountDenial, DenialCount } from '#events/denial-count.ts'
import { readBody } from '#http/read-request.ts'
import { log } from '#lib/log.ts'
import { redacted } from '#lib/redacted.ts'
import { err, type Result } from '#lib/result.ts'
import type { Failures } from '#limits/failures.ts'
import type { Admission } from '../clients/admission.ts'
import {
  answerOAuthDenial,
  denial,
  endpointHeaders,
  type OAuthDenial,
  retryLater,
  tooManyAt,
} from '../oauth-denial.ts'
import { readTokenForm, type TokenRequest } from './token-form.ts'
import { tokenOwner } from './token-owner.ts'

// The library allows an assertion of 16 KiB; codes and tokens are short.
const LIMIT = { type: 'application/x-www-form-urlencoded', maxBytes: 32 * 1024 } as const

export interface TokenDeps {
  config: Config
  admission: Admission
  oauth: OAuthHelpers
  failures: Failures
  countDenial: CountDenial
}

/**
 * Checks client and token of a request to `/token`, which revokes too, before the library runs: the library first looks
 * the client up, and for a URL that is a request to a host of the sender's choice.
 */
export async function admitTokenRequest(
  request: Request,
  deps: TokenDeps,
): Promise<Result<TokenRequest, Response>> {
  const { countDenial } = deps
  const tooMany = tooManyAt(request, countDenial)
  const refuse = async (reason: OAuthDenial, counted: DenialCount = 'token.invalid') => {
    countDenial(counted)
    return err(await deps.failures.limit(request, answerOAuthDenial(request, reason), tooMany))
  }
  const body = await readBody(request, LIMIT)
  if (!body.ok) return refuse(body.error === 'type' ? noForm : tooLarge)
  const read = readTokenForm(request, new TextDecoder().decode(body.value))
  if (!read.ok) return refuse(read.error)

  const authorization = request.headers.get('Authorization')
  const { clients, presented, isRevocation } = read.value
  if (clients === null) return refuse(unknownClient(authorization))
  for (const client of clients) {
    const reason = deps.admission.refuseClientId(client)
    if (reason === null) continue
    log.warn('client.not-admitted', { at: 'token', reason, client: redacted(client, 200) })
    return refuse(unknownClient(authorization), 'token.client-not-admitted')
  }
  const owner = presented === null ? null : await tokenOwner(deps.config, presented.value)
  if (owner === null || owner.ok) return read
  // Anyone can make up a key id, so nothing is looked up.
  if (owner.error === 'key_missing') return refuse(retryLater, 'token.key-missing')
  countDenial('token.not-ours')
  // Before the client is looked up in KV: forged tokens are limited.
  const waitSeconds = await deps.failures.count(request)
  if (waitSeconds > 0) return err(tooMany(waitSeconds))
  // The library answers for an unknown client.
  if (await isUnknown(clients, deps.oauth)) return read
  log.info('token.not-ours', { client: clients[0] })
  // RFC 7009 §2.2: a token that does not exist counts as revoked.
  if (isRevocation) return err(new Response(null, { headers: endpointHeaders(request) }))
  return err(answerOAuthDenial(request, notOurs))
}

/** An unknown or unreadable client must get `invalid_client` first, otherwise it would never register again. */
async function isUnknown([client]: readonly string[], oauth: OAuthHelpers): Promise<boolean> {
  if (client === undefined) return true
  try {
    return (await oauth.lookupClient(client)) === null
  } catch (error) {
    if (error instanceof CimdFetchError) return true
    throw error
  }
}

const notOurs = denial(400, 'invalid_grant', 'This code or token is not valid')
const tooLarge = denial(413, 'invalid_request', 'The request is too large')
// RFC 6749 §5.2 has no other status.
const noForm = denial(400, 'invalid_request', `The content type must be ${LIMIT.type}`)

/** RFC 6749 §5.2: a client that used the Authorization header gets its scheme back. */
const unknownClient = (authorization: string | null): OAuthDenial => {
  const headers = /^basic\b/i.test(authorization ?? '') ? { 'WWW-Authenticate': 'Basic realm="OAuth"' } : {}
  return denial(401, 'invalid_client', 'This client is not admitted here', headers)
}
