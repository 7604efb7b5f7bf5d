import { discardTokens } from '#authorization/login/login-state.ts'
import { grantedScopes, operatorIn, signInFacts, upstreamScopes } from '#authorization/scopes.ts'
import { AUDIT_READ } from '#lib/roles.ts'
import { stepUpMessages } from '#pages/connect-messages.ts'
import { sessionMark } from '#pingone/claims.ts'
import { message } from '#sign-in/denials.ts'
import type { FinishedSignIn } from '#sign-in/own-sign-in.ts'
import type { StepUpOutcome, StepUpRejection } from '#users/requests/step-ups.ts'
import type { AccountDeps } from './deps.ts'
import { answerNoRequest, type OpenStepUp, openStepUp, wantedBy } from './step-up-link.ts'

/**
 * Applies the decision of the user who signed in. The user's object checks that the request is theirs, and stores scopes
 * and tokens in one act; it revokes tokens that it does not store. It counts at once (decision 22).
 * @step step-up 13-14 from PingOne's answer to more scopes
 */
export async function finishStepUp(
  path: string,
  decision: 'approve' | 'deny',
  signIn: FinishedSignIn,
  deps: AccountDeps,
): Promise<Response> {
  const open = await openStepUp(path, deps)
  const decide = decision === 'deny' ? denyStepUp : approveStepUp
  const isAudit = open?.view.scopes.includes(AUDIT_READ) === true
  return answerOutcome(await decide(open, signIn, deps), { path, isAudit, headers: signIn.headers }, deps)
}

const denyStepUp = async (
  open: OpenStepUp | null,
  { user: { iss, sub } }: FinishedSignIn,
): Promise<StepUpRejection> =>
  open === null ? 'gone' : open.user.denyStepUp(open.id, { issuer: iss, subject: sub })

async function approveStepUp(
  open: OpenStepUp | null,
  { user: claims, tokens }: FinishedSignIn,
  deps: AccountDeps,
): Promise<StepUpOutcome> {
  if (tokens === null) throw new Error('a step-up came back without tokens for the API')
  const { accessToken, refreshToken } = tokens
  if (open === null) {
    discardTokens(deps, refreshToken ?? accessToken)
    return 'gone'
  }
  // Invariant 5: requested ∩ approved ∩ granted. The user approved every scope on the page, because the call needs all.
  const { api } = deps.config
  const scopes = grantedScopes(wantedBy(open.view, deps), tokens.claims.scope, api)
  return open.user.approveStepUp(open.id, {
    issuer: claims.iss,
    subject: claims.sub,
    scopes,
    downstreamScopes: upstreamScopes(scopes, api),
    accessToken,
    refreshToken,
    downstreamEndsAtSeconds: tokens.claims.exp,
    environment: tokens.claims.env ?? claims.env ?? null,
    pingOneSession: await sessionMark(claims),
    operator: operatorIn(claims, deps.config.operators),
    signIn: signInFacts(claims),
  })
}

function answerOutcome(
  outcome: StepUpOutcome | StepUpRejection,
  { path, isAudit, headers }: { path: string; isAudit: boolean; headers: Headers },
  deps: AccountDeps,
): Response {
  switch (outcome) {
    case 'widened':
      return message(stepUpMessages.widened, deps, { headers })
    case 'denied':
      return message(stepUpMessages.denied, deps, { headers })
    case 'not_theirs': // Invariant 2: 404 as if it did not exist, but with a warning.
      return message(stepUpMessages.notTheirs, deps, { status: 404, headers })
    case 'withheld': {
      const next = { label: stepUpMessages.openAgain, href: path }
      const why = isAudit ? stepUpMessages.noRole : stepUpMessages.withheld
      return message({ ...why, next }, deps, { status: 403, headers })
    }
    case 'gone':
      return answerNoRequest(deps, headers)
    default:
      return outcome satisfies never
  }
}
