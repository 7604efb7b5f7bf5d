import { discardTokens } from '../authorization/discard-tokens.ts'
import { grantedScopes, inForce, upstreamScopes, wantedScopes } from '../authorization/scopes.ts'
import { sessionMark } from '../pingone/session-mark.ts'
import type { FinishedSignIn } from './own-sign-in.ts'
import type { AccountParts } from './parts.ts'
import { answerNoRequest, answerNotTheirs, answerWidened, answerWithheld } from './step-up-answers.tsx'
import { openStepUp } from './step-up-request.ts'

/**
 * PingOne said who approved. The Person compares that with itself, and takes scopes and tokens in one act, or nothing;
 * tokens that it does not take it has PingOne revoke. The client gets the scopes with its next refresh.
 */
export async function finishStepUp(
  request: string,
  { person: claims, tokens, headers }: FinishedSignIn,
  parts: AccountParts,
): Promise<Response> {
  const { config } = parts
  if (tokens === null) throw new Error('a step-up came back without tokens for the API')
  const { accessToken, refreshToken } = tokens
  const open = await openStepUp(request, parts)
  if (open === null) {
    discardTokens(parts, refreshToken ?? accessToken)
    return answerNoRequest(parts, headers)
  }
  // Invariant 5: asked ∩ approved ∩ given. Approved is what the page showed, all of it: the call needs all of it.
  const wanted = inForce(wantedScopes([...open.view.has, ...open.view.scopes]), config)
  const scopes = grantedScopes(wanted, tokens.claims.scope, config.api)
  const outcome = await open.person.approveStepUp(open.id, {
    issuer: claims.iss,
    subject: claims.sub,
    scopes,
    downstreamScopes: upstreamScopes(scopes, config.api),
    accessToken,
    refreshToken,
    downstreamEndsAtSeconds: tokens.claims.exp,
    environment: tokens.claims.env ?? claims.env ?? null,
    pingOneSession: await sessionMark(claims),
  })
  switch (outcome) {
    case 'widened':
      return answerWidened(parts, headers)
    case 'not_theirs':
      return answerNotTheirs(parts, headers)
    case 'withheld':
      return answerWithheld(parts, request, headers)
    case 'gone':
      return answerNoRequest(parts, headers)
    default:
      return outcome satisfies never
  }
}
