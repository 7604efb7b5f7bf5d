import { inForce, wantedScopes } from '#authorization/scopes.ts'
import { stepUpMessages } from '#pages/connect-messages.ts'
import type { BoundForm } from '#sign-in/bound-form.ts'
import { message } from '#sign-in/denials.ts'
import type { StepUpView } from '#users/requests/step-ups.ts'
import type { UserObjectApi } from '#users/user.ts'
import type { AccountDeps } from './deps.ts'

/** The request behind a link that `/mcp` gave out (mcp/edge/challenge-scopes.ts). */
export interface OpenStepUp {
  user: UserObjectApi
  id: string
  view: StepUpView
}

const LINK = /^\/step-up\/([^~/]{1,100})~([0-9a-f]{32})$/

/** The raw path: our links need no decoding. */
export const pathOf = ({ url }: Request): string => new URL(url).pathname

/**
 * Null for a request that was used, denied, has expired or never existed. A link that this server did not make reaches
 * no object.
 */
export async function openStepUp(path: string, deps: AccountDeps): Promise<OpenStepUp | null> {
  const { config, userOf } = deps
  const [, userId, id] = LINK.exec(path) ?? []
  const user = userId === undefined ? null : await userOf(userId)
  if (user === null || id === undefined) return null
  const view = await user.readStepUp(id)
  if (view === null) return null
  // Read-only settings may have come into force since the request was opened.
  const scopes = inForce(view.scopes, config)
  const open = { user, id, view: { ...view, scopes } }
  return scopes.length === 0 || wantedBy(open.view, deps).length === 0 ? null : open
}

/** The scopes that an approval requests: the grant's and the additional ones. */
export const wantedBy = ({ has, scopes }: StepUpView, { config }: AccountDeps) =>
  inForce(wantedScopes([...has, ...scopes], config.api), config)

/** One answer for all these cases, so that nobody learns which it was. */
export const answerNoRequest = (deps: AccountDeps, headers = new Headers()): Response =>
  message(stepUpMessages.noRequest, deps, { status: 404, headers })

/** The page needs no session, so its form is bound to the browser that opened it. */
export const formOf = (request: Request): BoundForm => ({ kind: 'step-up', about: pathOf(request) })
