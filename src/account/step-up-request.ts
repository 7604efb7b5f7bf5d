import { inForce } from '#authorization/scopes.ts'
import type { UserObjectApi } from '#users/user.ts'
import type { StepUpView } from '#users/requests/step-ups.ts'
import type { AccountDeps } from '#sign-in/deps.ts'

/** A link that `/mcp` gave out (mcp/challenge-scopes.ts), as far as it can be judged without its User. */
export interface StepUpLinkDeps {
  user: UserObjectApi
  id: string
  /** As it stands in the address. */
  request: string
}

export interface OpenStepUp extends StepUpLinkDeps {
  view: StepUpView
}

const REQUEST = /^([^~/]{1,100})~([0-9a-f]{32})$/

/** Null for a link that this server cannot have made: then no object was touched. */
export async function readLink(request: string, { userOf }: AccountDeps): Promise<StepUpLinkDeps | null> {
  const [, userId, id] = REQUEST.exec(request) ?? []
  const user = userId === undefined ? null : await userOf(userId)
  return user === null || id === undefined ? null : { user, id, request }
}

/** Null for what was used, denied, is too old or never was: nobody learns which. */
export async function openStepUp(request: string, parts: AccountDeps): Promise<OpenStepUp | null> {
  const link = await readLink(request, parts)
  const view = link === null ? null : await link.user.readStepUp(link.id)
  if (link === null || view === null) return null
  // A profile that came into force since then asks for nothing beyond itself.
  const scopes = inForce(view.scopes, parts.config)
  return scopes.length === 0 ? null : { ...link, view: { ...view, scopes } }
}

/** The part of the address after `/step-up/`, as it was sent: nothing in a link of ours needs decoding. */
export const requestIn = ({ url }: Request): string => new URL(url).pathname.slice('/step-up/'.length)

export const pathOf = (request: string): string => `/step-up/${request}`
