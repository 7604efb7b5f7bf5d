import { AuthorizationError, CimdFetchError } from '@cloudflare/workers-oauth-provider'
import { boundedFetch, type Fetch } from '#lib/bounded-fetch.ts'
import { log } from '#lib/log.ts'
import { redacted } from '#lib/redacted.ts'
import { newIncident } from '#lib/trace.ts'
import { loginMessages } from '#pages/connect-messages.ts'
import { messageAnswer } from '../login/answers.tsx'
import type { LoginDeps } from '../login/login-state.ts'
import { isSameRedirect, redirectPlaces } from '../login/redirect-uri.ts'
import type { AdmissionDenial } from './admission.ts'

/**
 * Checks the client of GET /authorize (decision 16); null means that it may ask. A client that is not admitted gets a
 * page, never a redirect. The library does not see its request: it would fetch the document that a `client_id` names.
 */
export async function denyClient(
  { client, redirectUri }: { client: string; redirectUri: string },
  deps: LoginDeps,
): Promise<Response | null> {
  // Incomplete: the library denies it, and looks nothing up.
  if (client === '' || redirectUri === '') return null
  const { admission, oauth, config, countDenial } = deps
  const reason = admission.refuseRequest(client, redirectUri)
  if (reason !== null) {
    countDenial('client.not-admitted')
    const incident = newIncident()
    log.warn('client.not-admitted', {
      incident,
      at: 'authorize',
      reason,
      mode: admission.mode,
      client: redacted(client, 200),
      redirects: redirectPlaces([redirectUri]),
    })
    return messageAnswer(config, { ...messageFor(reason), incident }, { status: 403 })
  }
  if (client.startsWith('https:')) await refuseRedirectingDocument(client, deps.fetch, deps.documentMs)
  const known = await oauth.lookupClient(client)
  if (known === null) {
    countDenial('client.unknown')
    log.info('client.unknown', { client })
    return messageAnswer(config, messageFor('unknown'), { status: 400 })
  }
  if (known.redirectUris.some((registered) => isSameRedirect(registered, redirectUri))) return null
  throw new AuthorizationError('invalid_request', { description: 'redirect_uri is not registered' })
}

function messageFor(reason: AdmissionDenial | 'unknown'): { title: string; sentence: string } {
  switch (reason) {
    case 'client-id':
    case 'document':
    case 'redirect':
      return loginMessages.notAdmitted
    case 'scheme':
      return loginMessages.unsafeScheme
    case 'unknown':
      return loginMessages.unknownClient
    default:
      return reason satisfies never
  }
}

// The library reads as much of a document.
const MAX_DOCUMENT_BYTES = 5 * 1024

/**
 * Fetches a client metadata document without redirects, once per login, before the library does; throws as the library
 * would. The library follows redirects (the draft, -02 §5, forbids that) and accepts no fetch function, so an open
 * redirector on a trusted host could show anyone's document under that host's name. Its own fetches of the document and
 * of `jwks_uri` still follow them.
 */
async function refuseRedirectingDocument(url: string, fetch: Fetch, deadlineMs: number): Promise<void> {
  const request = new Request(url, { headers: { Accept: 'application/json' } })
  const answer = await boundedFetch(fetch, request, { deadlineMs, maxBytes: MAX_DOCUMENT_BYTES }).catch(
    (error: unknown) => {
      throw new CimdFetchError(url, error)
    },
  )
  if (answer.status >= 300 && answer.status < 400) throw new CimdFetchError(url, 'the document redirects')
}
