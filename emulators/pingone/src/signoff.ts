import type { Context } from './endpoints.ts'
import { one, page, redirect, type Answer } from './http.ts'
import { html, layout } from './pages/layout.ts'
import { words } from './pages/words.ts'
import { clearSessionCookie, endSession, findBrowserSession } from './sessions.ts'
import { verifyOwnToken } from './signing-keys.ts'

/** GET or POST /signoff (OpenID Connect RP-Initiated Logout): ends the browser's session and the hinted one. */
export async function signOff(context: Context): Promise<Answer> {
  const { parameters, settings, store } = context
  const hint = one(parameters, 'id_token_hint')
  const hinted = hint === undefined ? undefined : await sidOfHint(context, hint)
  const own = findBrowserSession(context)?.sid
  for (const sid of [own, hinted]) if (sid !== undefined) endSession(store, sid)
  const cookies = [clearSessionCookie(settings)]
  const reason = own === undefined && hinted === undefined ? 'no session to end' : 'session ended'
  const back = one(parameters, 'post_logout_redirect_uri')
  if (back === undefined || !isRegistered(back, settings)) {
    return page(layout(words.signedOff, html`<p>${words.signedOffLead}</p>`), reason, 200, cookies)
  }
  const target = new URL(back)
  const state = one(parameters, 'state')
  if (state !== undefined) target.searchParams.set('state', state)
  return redirect(target.href, reason, cookies)
}

/** Any address on the origin of a redirect URI is accepted. H: PingOne has a separate list. */
const isRegistered = (uri: string, { redirectUris }: Context['settings']): boolean =>
  URL.canParse(uri) && redirectUris.some((registered) => new URL(registered).origin === new URL(uri).origin)

/** The session of an ID token that was issued here; it may have expired (RP-Initiated Logout §2). */
async function sidOfHint({ store, settings }: Context, hint: string): Promise<string | undefined> {
  const claims = await verifyOwnToken(store, hint, { issuer: settings.issuer, currentDate: new Date(0) })
  return typeof claims?.['sid'] === 'string' ? claims['sid'] : undefined
}
