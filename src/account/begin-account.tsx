import { continueAnswer } from '../authorization/answers.tsx'
import { isFromOurPage } from '../http/read-form.ts'
import { beginOwnSignIn, type Purpose } from './own-sign-in.ts'
import type { AccountParts } from './parts.ts'
import { refuseForm } from './read-own-form.ts'
import { refuseSignIn } from './refuse-sign-in.tsx'

const ME: Purpose = { kind: 'me' }

/** POST /me/sign-in: to PingOne, by a click on our page. The API is not asked for: this page does not use it. */
export async function beginAccount(request: Request, parts: AccountParts): Promise<Response> {
  // There is no session yet that a value in the form could be bound to. What another site can begin with this is a
  // sign-in of the person's own, which leads to this same page.
  if (!isFromOurPage(request, parts.config.publicOrigin)) return refuseForm(parts, 'origin')
  const begun = await beginOwnSignIn(parts, ME, { scopes: [] })
  if (begun.ok) return continueAnswer(parts.config, begun.value.url.href, 'pingone', begun.value.headers)
  return refuseSignIn(parts, { refusal: begun.error, purpose: ME, headers: new Headers() })
}
