import { z } from 'zod'
import { readBody } from '#http/read-request.ts'
import { log } from '#lib/log.ts'
import { err, ok, type Result } from '#lib/result.ts'
import type { Admission } from './admission.ts'
import { answerOAuthDenial, type OAuthDenial } from '../oauth-denial.ts'
import { readRegistrationMetadata } from './registration-metadata.ts'
import { redirectPlaces } from '../login/redirect-places.ts'

// JSON alone: a page of another site can send other types without asking its browser first (Fetch §4.8).
const LIMIT = { type: 'application/json', maxBytes: 16 * 1024 } as const

/** An unused registration is forgotten after an hour, one that tokens were given to after 90 days without any. */
export const UNUSED_REGISTRATION_SECONDS = 3600
export const USED_REGISTRATION_SECONDS = 90 * 86_400

/**
 * POST /register (RFC 7591): anyone may, which is why it is small, short-lived, and worth something only to whoever
 * takes answers at an admitted address. One such redirect URI is enough: clients register all of theirs at once
 * (Cursor three, one of them `cursor://`), and which one is used is judged when it is used.
 */
export async function registerClient(
  request: Request,
  admission: Admission,
  register: (request: Request) => Promise<Response>,
): Promise<Response> {
  const admitted = await admitRegistration(request, admission)
  if (!admitted.ok) return answerOAuthDenial(request, admitted.error)
  const headers = new Headers(request.headers)
  headers.delete('Content-Length')
  const answer = await register(
    new Request(request, { method: 'POST', headers, body: JSON.stringify(admitted.value) }),
  )
  return answer.status === 201 ? withUsedLife(answer) : answer
}

async function admitRegistration(
  request: Request,
  admission: Admission,
): Promise<Result<Record<string, unknown>, OAuthDenial>> {
  const body = await readBody(request, LIMIT)
  if (!body.ok) return err(body.error === 'type' ? noJson : tooLarge)
  const metadata = readRegistrationMetadata(new TextDecoder().decode(body.value))
  if (!metadata.ok) return metadata
  const { redirectUris, cleaned } = metadata.value
  if (redirectUris.some((uri) => admission.admitsRedirect(uri))) return ok(cleaned)
  log.warn('client.not-admitted', {
    at: 'register',
    reason: 'redirect',
    mode: admission.mode,
    redirects: redirectPlaces(redirectUris),
  })
  return err({
    status: 400,
    code: 'invalid_redirect_uri',
    description: 'None of these redirect URIs is of a client that this server admits',
  })
}

const noJson: OAuthDenial = {
  status: 415,
  code: 'invalid_client_metadata',
  description: 'The content type must be application/json',
}
const tooLarge: OAuthDenial = {
  status: 413,
  code: 'invalid_client_metadata',
  description: `A registration can have at most ${LIMIT.maxBytes} bytes`,
}

const Registered = z.looseObject({
  client_id_issued_at: z.number(),
  client_secret_expires_at: z.number().optional(),
})

/**
 * The library tells a confidential client that its secret lives as long as the record it wrote, an hour. A client
 * that believes it would register again every hour; the truth is what holds from the first token on.
 */
async function withUsedLife(answer: Response): Promise<Response> {
  const registered = Registered.parse(await answer.json())
  const { client_secret_expires_at: told, client_id_issued_at: issuedAt } = registered
  const life = told === undefined ? {} : { client_secret_expires_at: issuedAt + USED_REGISTRATION_SECONDS }
  return Response.json({ ...registered, ...life }, { status: answer.status, headers: answer.headers })
}
