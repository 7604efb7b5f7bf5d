import { createLocalJWKSet, decodeJwt, errors, jwtVerify } from 'jose'
import { page, redirect, type Answer } from './answer.ts'
import { html } from './markup.ts'
import { layout } from './pages/layout.ts'
import { one } from './parameters.ts'
import { endSession, findBrowserSession, sessionCookieGone } from './sessions.ts'
import { publicKeys } from './signing-keys.ts'
import type { Visit } from './visit.ts'

/** GET or POST /signoff (OpenID Connect RP-Initiated Logout): ends the session of the browser and of the hint. */
export async function signOff(visit: Visit): Promise<Answer> {
  const { parameters, settings, store } = visit
  const hint = one(parameters, 'id_token_hint')
  const hinted = hint === undefined ? undefined : await sidOfHint(visit, hint)
  const own = findBrowserSession(visit)?.sid
  for (const sid of [own, hinted]) if (sid !== undefined) endSession(store, sid)
  const cookies = [sessionCookieGone(settings)]
  const reason = own === undefined && hinted === undefined ? 'no session to end' : 'session ended'
  const back = one(parameters, 'post_logout_redirect_uri')
  if (back === undefined || !isRegistered(back, settings)) {
    return page(layout('Signed off', html`<p>You are signed off.</p>`), reason, 200, cookies)
  }
  const target = new URL(back)
  const state = one(parameters, 'state')
  if (state !== undefined) target.searchParams.set('state', state)
  return redirect(target.href, reason, cookies)
}

/** Registered here means: on the origin of a redirect URI. PingOne keeps a list of its own (H). */
const isRegistered = (uri: string, { redirectUris }: Visit['settings']): boolean =>
  URL.canParse(uri) && redirectUris.some((registered) => new URL(registered).origin === new URL(uri).origin)

/** The session of an ID token that we signed. An expired one is as good (RP-Initiated Logout §2). */
async function sidOfHint({ store, settings }: Visit, hint: string): Promise<string | undefined> {
  try {
    const issued = new Date((decodeJwt(hint).iat ?? 0) * 1000)
    const keys = createLocalJWKSet({ keys: await publicKeys(store) })
    const { payload } = await jwtVerify(hint, keys, { issuer: settings.issuer, currentDate: issued })
    return typeof payload['sid'] === 'string' ? payload['sid'] : undefined
  } catch (error) {
    if (error instanceof errors.JOSEError) return undefined
    throw error
  }
}
