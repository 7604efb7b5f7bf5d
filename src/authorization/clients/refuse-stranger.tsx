import { AuthorizationError } from '@cloudflare/workers-oauth-provider'
import { newIncident } from '#lib/trace.ts'
import { log } from '#lib/log.ts'
import { redacted } from '#lib/redacted.ts'
import { htmlAnswer } from '#pages/html-answer.ts'
import { MessagePage } from '#pages/message-page.tsx'
import type { NotAdmitted } from './admission.ts'
import { isHttps } from '../login/answers.tsx'
import type { AuthorizeRequest } from '../login/check-request.ts'
import { refuseRedirectingDocument } from './client-document.ts'
import type { LoginDeps } from '../login/deps.ts'
import { isSameRedirect, redirectPlaces } from '../login/redirect-places.ts'

/**
 * What stands before GET /authorize: a client that is not admitted (decision 16) gets a page, never a redirect, and
 * the library never sees its request. It would fetch the document that a `client_id` names before it asked anyone.
 */
export async function refuseStranger(
  { client, redirectUri }: AuthorizeRequest,
  parts: LoginDeps,
): Promise<Response | null> {
  // Not a request at all: the library says so, and has nobody to ask.
  if (client === '' || redirectUri === '') return null
  const { admission, oauth } = parts
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
    return explain(parts, reason, incident)
  }
  if (client.startsWith('https:')) await refuseRedirectingDocument(client, parts.fetch, parts.documentMs)
  const known = await oauth.lookupClient(client)
  if (known === null) {
    log.info('client.unknown', { client })
    return explain(parts, 'unknown', null)
  }
  if (known.redirectUris.some((registered) => isSameRedirect(registered, redirectUri))) return null
  throw new AuthorizationError('invalid_request', { description: 'redirect_uri is not registered' })
}

type Reason = NotAdmitted | 'unknown'

const explain = ({ config }: LoginDeps, reason: Reason, incident: string | null): Response => {
  const { title, sentence } = wordsFor(reason)
  const page = (
    <MessagePage
      title={title}
      sentence={sentence}
      next={null}
      retry={null}
      incident={incident}
      tone="problem"
    />
  )
  return htmlAnswer(page, { isHttps: isHttps(config), status: reason === 'unknown' ? 400 : 403 })
}

/** For the user, who can do little, and for the operator, who can: no word of the client's in it (invariant 9). */
function wordsFor(reason: Reason): { title: string; sentence: string } {
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
