import { AuthorizationError, CimdFetchError } from '@cloudflare/workers-oauth-provider'
import { boundedFetch, type Fetch } from '#lib/bounded-fetch.ts'
import { log } from '#lib/log.ts'
import { redacted } from '#lib/redacted.ts'
import { newIncident } from '#lib/trace.ts'
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
  const { admission, oauth, config } = deps
  const reason = admission.refuseRequest(client, redirectUri)
  if (reason !== null) {
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
    log.info('client.unknown', { client })
    return messageAnswer(config, messageFor('unknown'), { status: 400 })
  }
  if (known.redirectUris.some((registered) => isSameRedirect(registered, redirectUri))) return null
  throw new AuthorizationError('invalid_request', { description: 'redirect_uri is not registered' })
}

/** Texts for the user and the operator. They contain no text of the client (invariant 9). */
function messageFor(reason: AdmissionDenial | 'unknown'): { title: string; sentence: string } {
  switch (reason) {
    case 'client-id':
    case 'document':
    case 'redirect':
      return {
        title: 'This app is not admitted here',
        sentence:
          'This server answers only apps that are on its list. Nothing was asked of you and nothing was sent. If you need this app, give the number below to the operator of this server: the log names the app, and docs/connect.md says how to admit it.',
      }
    case 'scheme':
      return {
        title: 'This app cannot be answered safely',
        sentence:
          'It wants the answer at an address that any program on your computer can claim. Update the app, or let it sign in over a local port or its website. For the operator of this server: docs/connect.md, Cursor.',
      }
    case 'unknown':
      return {
        title: 'This app has to register again',
        sentence:
          'Its registration is not known here: one that is not used within an hour is forgotten. Try once more in a minute. If that does not help, remove this server in the app, add it again, and sign in.',
      }
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
