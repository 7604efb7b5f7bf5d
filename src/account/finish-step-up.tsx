import { discardTokens } from '#authorization/login/login-state.ts'
import { grantedScopes, inForce, upstreamScopes, wantedScopes } from '#authorization/scopes.ts'
import { type IdTokenClaims, sessionMark } from '#pingone/claims.ts'
import type { FinishedSignIn, Purpose } from '#sign-in/own-sign-in.ts'
import type { AccountDeps } from '#sign-in/deps.ts'
import {
  answerDenied,
  answerNoRequest,
  answerNotTheirs,
  answerWidened,
  answerWithheld,
} from './step-up-answers.tsx'
import { openStepUp } from './step-up-request.ts'

type StepUpPurpose = Extract<Purpose, { kind: 'step-up' }>

/** A denial after the sign-in: only the user of the grant ends the request. */
async function denyStepUp(
  request: string,
  { iss, sub }: IdTokenClaims,
  parts: AccountDeps,
  headers: Headers,
): Promise<Response> {
  const open = await openStepUp(request, parts)
  if (open === null) return answerNoRequest(parts, headers)
  const outcome = await open.user.denyStepUp(open.id, { issuer: iss, subject: sub })
  switch (outcome) {
    case 'denied':
      return answerDenied(parts, headers)
    case 'not_theirs':
      return answerNotTheirs(parts, headers)
    case 'gone':
      return answerNoRequest(parts, headers)
    default:
      return outcome satisfies never
  }
}

/**
 * PingOne said who approved. The User compares that with itself, and takes scopes and tokens in one act, or nothing;
 * tokens that it does not take it has PingOne revoke. It counts at once (decision 22).
 * @step step-up 13-14 from the answer to more scopes
 */
export async function finishStepUp(
  { request, decision }: StepUpPurpose,
  { user: claims, tokens, headers }: FinishedSignIn,
  parts: AccountDeps,
): Promise<Response> {
  const { config } = parts
  if (decision === 'deny') return denyStepUp(request, claims, parts, headers)
  if (tokens === null) throw new Error('a step-up came back without tokens for the API')
  const { accessToken, refreshToken } = tokens
  const open = await openStepUp(request, parts)
  if (open === null) {
    discardTokens(parts, refreshToken ?? accessToken)
    return answerNoRequest(parts, headers)
  }
  // Invariant 5: asked ∩ approved ∩ given. Approved is what the page showed, all of it: the call needs all of it.
  const wanted = inForce(wantedScopes([...open.view.has, ...open.view.scopes], config.api), config)
  const scopes = grantedScopes(wanted, tokens.claims.scope, config.api)
  const outcome = await open.user.approveStepUp(open.id, {
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
