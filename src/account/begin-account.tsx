import { isFromOurPage } from '#http/read-request.ts'
import { beginFor } from '#sign-in/begin-sign-in.ts'
import type { AccountDeps } from '#sign-in/deps.ts'
import { refuseForm } from '#sign-in/read-own-form.ts'

/**
 * POST /me/sign-in: to PingOne, by a click on our page. The API is not asked for: this page does not use it.
 * @step me 3-4 to PingOne
 */
export async function beginAccount(request: Request, parts: AccountDeps): Promise<Response> {
  // There is no session yet that a value in the form could be bound to. What another site can begin with this is a
  // sign-in of the user's own, which leads to this same page.
  if (!isFromOurPage(request, parts.config.publicOrigin)) return refuseForm(parts, 'origin')
  return beginFor({ kind: 'me' }, parts)
}
