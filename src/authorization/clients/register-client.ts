import { z } from 'zod'
import type { CountDenial, DenialCount } from '#events/denial-count.ts'
import { readBody } from '#http/read-request.ts'
import { log } from '#lib/log.ts'
import { err, ok, type Result } from '#lib/result.ts'
import type { Failures } from '#limits/failures.ts'
import type { Registrations } from '#limits/registrations.ts'
import { RegistrationStorage } from '#oauth-store/provider-storage.ts'
import { redirectPlaces } from '../login/redirect-uri.ts'
import { answerOAuthDenial, denial, type OAuthDenial, tooManyAt } from '../oauth-denial.ts'
import type { LibraryRun } from '../server.ts'
import type { Admission } from './admission.ts'
import { readRegistrationMetadata } from './registration-metadata.ts'

// JSON only: a page of another site can send other types without a preflight (Fetch §4.8).
const LIMIT = { type: 'application/json', maxBytes: 16 * 1024 } as const

/** The life of an unused registration. */
export const UNUSED_REGISTRATION_SECONDS = 3600
/** The life of a registration after its last token. */
export const USED_REGISTRATION_SECONDS = 90 * 86_400

interface RegistrationDeps {
  admission: Admission
  failures: Failures
  registrations: Registrations
  countDenial: CountDenial
}

/**
 * POST /register (RFC 7591). Anyone may register, so a registration is small, short-lived, limited, and useful only with
 * an admitted redirect URI. One such URI is enough, because clients register all of theirs at once (Cursor sends three,
 * one of them `cursor://`); `/authorize` checks the one in use. A registration counts for the day before it is stored.
 */
export async function registerClient(
  request: Request,
  { admission, failures, registrations, countDenial }: RegistrationDeps,
  library: LibraryRun,
): Promise<Response> {
  const tooMany = tooManyAt(request, countDenial)
  const refuse = (answer: Response, reason: DenialCount) => {
    countDenial(reason)
    return failures.limit(request, answer, tooMany)
  }
  const admitted = await admitRegistration(request, admission)
  if (!admitted.ok) {
    const reason = admitted.error === notAdmitted ? 'registration.not-admitted' : 'registration.invalid'
    return refuse(answerOAuthDenial(request, admitted.error), reason)
  }
  const headers = new Headers(request.headers)
  headers.delete('Content-Length')
  const body = JSON.stringify(admitted.value)
  const storage = new RegistrationStorage(library.storage)
  const answer = await library.run(new Request(request, { method: 'POST', headers, body }), storage)
  if (answer.status !== 201) return refuse(answer, 'registration.invalid')
  const waitSeconds = await registrations.take(request)
  if (waitSeconds > 0) {
    countDenial('registration.too-many')
    return tooManyAt(request)(waitSeconds)
  }
  await storage.settle()
  return withUsedLife(answer)
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
  return err(notAdmitted)
}

const noJson = denial(415, 'invalid_client_metadata', 'The content type must be application/json')
const tooLarge = denial(
  413,
  'invalid_client_metadata',
  `A registration can have at most ${LIMIT.maxBytes} bytes`,
)
const notAdmitted = denial(
  400,
  'invalid_redirect_uri',
  'None of these redirect URIs is of a client that this server admits',
)

const Registered = z.looseObject({
  client_id_issued_at: z.number(),
  client_secret_expires_at: z.number().optional(),
})

/**
 * Corrects the expiry of a secret. The library states the life of an unused registration, an hour, after which a client
 * would register again; from the first token on the longer life applies.
 */
async function withUsedLife(answer: Response): Promise<Response> {
  const registered = Registered.parse(await answer.json())
  const { client_secret_expires_at: stated, client_id_issued_at: issuedAt } = registered
  const life = stated === undefined ? {} : { client_secret_expires_at: issuedAt + USED_REGISTRATION_SECONDS }
  return Response.json({ ...registered, ...life }, { status: answer.status, headers: answer.headers })
}
