import { discardTokens } from '#authorization/login/login-state.ts'
import { grantedScopes, upstreamScopes } from '#authorization/scopes.ts'
import { sessionMark } from '#pingone/claims.ts'
import { message } from '#sign-in/denials.ts'
import type { FinishedSignIn } from '#sign-in/own-sign-in.ts'
import type { StepUpOutcome, StepUpRejection } from '#users/requests/step-ups.ts'
import type { AccountDeps } from './deps.ts'
import { answerNoRequest, openStepUp, wantedBy } from './step-up-link.ts'

/**
 * Applies the decision of the user who signed in. The user's object checks that the request is theirs, and stores scopes
 * and tokens in one act; it revokes tokens that it does not store. It counts at once (decision 22).
 * @step step-up 13-14 from the answer to more scopes
 */
export async function finishStepUp(
  path: string,
  decision: 'approve' | 'deny',
  signIn: FinishedSignIn,
  deps: AccountDeps,
): Promise<Response> {
  const outcome =
    decision === 'deny' ? await denyStepUp(path, signIn, deps) : await approveStepUp(path, signIn, deps)
  return answerOutcome(outcome, path, signIn.headers, deps)
}

async function denyStepUp(
  path: string,
  { user: { iss, sub } }: FinishedSignIn,
  deps: AccountDeps,
): Promise<StepUpRejection> {
  const open = await openStepUp(path, deps)
  return open === null ? 'gone' : open.user.denyStepUp(open.id, { issuer: iss, subject: sub })
}

async function approveStepUp(
  path: string,
  { user: claims, tokens }: FinishedSignIn,
  deps: AccountDeps,
): Promise<StepUpOutcome> {
  const { api } = deps.config
  if (tokens === null) throw new Error('a step-up came back without tokens for the API')
  const { accessToken, refreshToken } = tokens
  const open = await openStepUp(path, deps)
  if (open === null) {
    discardTokens(deps, refreshToken ?? accessToken)
    return 'gone'
  }
  // Invariant 5: requested ∩ approved ∩ granted. The user approved every scope on the page, because the call needs all.
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
  })
}

function answerOutcome(
  outcome: StepUpOutcome | StepUpRejection,
  path: string,
  headers: Headers,
  deps: AccountDeps,
): Response {
  switch (outcome) {
    case 'widened':
      return message(
        {
          title: 'The app may do more now',
          sentence: 'Go back to it and ask for the same again: it has the permission now.',
          next: { label: 'See who can act for you', href: '/me' },
          tone: 'done',
        },
        deps,
        { headers },
      )
    case 'denied':
      return message(
        { title: 'The link has ended', sentence: 'You said no. The app keeps what it had.', tone: 'done' },
        deps,
        { headers },
      )
    // Invariant 2: 404 as if it did not exist, with a warning for a user whom somebody sent this link.
    case 'not_theirs':
      return message(
        {
          title: 'This request is not yours',
          sentence:
            'You signed in as another user than the one whose app asks. Nothing was changed. If somebody sent you this link, do not use it.',
        },
        deps,
        { status: 404, headers },
      )
    case 'withheld':
      return message(
        {
          title: 'PingOne did not give the permission',
          sentence: 'You did not allow it there, or may not. Nothing was changed.',
          next: { label: 'Open the request again', href: path },
        },
        deps,
        { status: 403, headers },
      )
    case 'gone':
      return answerNoRequest(deps, headers)
    default:
      return outcome satisfies never
  }
}
