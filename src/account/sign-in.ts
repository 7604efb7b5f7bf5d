import { z } from 'zod'
import { clientInFlow } from '#authorization/clients/shown-name.ts'
import { upstreamScopes } from '#authorization/scopes.ts'
import { isFromOurPage } from '#http/read-request.ts'
import { log } from '#lib/log.ts'
import { AUDIT_READ } from '#lib/roles.ts'
import type { AccountClient } from '#pages/account-clients.tsx'
import { denySignIn } from '#sign-in/denials.ts'
import {
  beginOwnSignIn,
  type FinishedSignIn,
  type Purpose,
  type SignInBranch,
  type SignInOptions,
} from '#sign-in/own-sign-in.ts'
import { openPage, redirectTo } from '#sign-in/page-session.ts'
import type { AccountDeps } from './deps.ts'
import { finishStepUp } from './finish-step-up.ts'
import { answerDenial } from './show-account.tsx'
import { answerNoRequest, openStepUp, wantedBy } from './step-up-link.ts'
import { clientOf } from './view.ts'

const MePurpose = z.strictObject({ kind: z.literal('me'), returnTo: z.literal('/me') })
const StepUpPurpose = z.strictObject({
  kind: z.literal('step-up'),
  /** The path of the link. */
  returnTo: z.string(),
  /** A denial also needs a sign-in: only the user of the grant ends the request. */
  decision: z.enum(['approve', 'deny']),
})
const AccountPurpose = z.discriminatedUnion('kind', [MePurpose, StepUpPurpose])

export const ME: z.infer<typeof MePurpose> = { kind: 'me', returnTo: '/me' }

/**
 * POST /me/sign-in: to PingOne, by a click on our page. It requests no scope of the API, which `/me` does not use.
 * @step me 3-4 to PingOne
 */
export async function beginAccount(request: Request, deps: AccountDeps): Promise<Response> {
  // No csrf value: there is no session yet. Another site could only begin the user's own sign-in, which leads to `/me`.
  if (!isFromOurPage(request, deps.config.publicOrigin)) return answerDenial('origin', deps)
  return beginOwnSignIn(ME, { scopes: [] }, deps)
}

/** Begins the sign-in that a decision about a step-up needs. Only an approval requests scopes of the API. */
export async function beginStepUp(
  purpose: z.infer<typeof StepUpPurpose>,
  options: SignInOptions,
  deps: AccountDeps,
): Promise<Response> {
  if (purpose.decision === 'deny') return beginOwnSignIn(purpose, { ...options, scopes: [] }, deps)
  const open = await openStepUp(purpose.returnTo, deps)
  if (open === null) return answerNoRequest(deps, options.headers)
  const scopes = upstreamScopes(wantedBy(open.view, deps), deps.config.api)
  const client = clientInFlowOf(clientOf(open.view, deps))
  // A session at PingOne may be of before a change of groups.
  const isForced = options.isForced === true || open.view.scopes.includes(AUDIT_READ)
  return beginOwnSignIn(purpose, { ...options, isForced, scopes, client }, deps)
}

/** The flow gets the name only together with the host: a screen with the name alone would lend it credibility. */
function clientInFlowOf({ name, redirectHost, domain }: AccountClient) {
  const host = redirectHost ?? domain
  return host === null ? undefined : clientInFlow({ clientName: name, redirectHost: host })
}

/** GET /signed-in, for the purposes of this room. */
export function accountBranch(purpose: Purpose, request: Request, deps: AccountDeps): SignInBranch | null {
  const own = AccountPurpose.safeParse(purpose)
  if (!own.success) return null
  const { data } = own
  switch (data.kind) {
    case 'me':
      return {
        begin: (options) => beginOwnSignIn(data, { ...options, scopes: [] }, deps),
        finish: (signIn) => openAccount(request, signIn, deps),
      }
    case 'step-up':
      return {
        begin: (options) => beginStepUp(data, options, deps),
        finish: (signIn) => finishStepUp(data.returnTo, data.decision, signIn, deps),
      }
    default:
      return data satisfies never
  }
}

async function openAccount(request: Request, signIn: FinishedSignIn, deps: AccountDeps): Promise<Response> {
  const { headers } = signIn
  const opened = await openPage(request, signIn, deps)
  if (opened === 'blocked')
    return denySignIn({ denial: { reason: 'blocked', detail: 'own page' }, purpose: ME, headers }, deps)
  log.info('sign-in.completed', { purpose: 'me' })
  return redirectTo('/me', headers)
}
