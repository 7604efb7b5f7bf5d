import type { AuthorizationRequest, BrowserSession, Code } from './records.ts'
import { randomText } from './random.ts'
import type { Visit } from './visit.ts'

const codeSeconds = 60

/** A code for what the user has just given to this request. */
export function issueCode(
  { store, nowSeconds }: Visit,
  request: AuthorizationRequest,
  session: BrowserSession,
  scopes: readonly string[],
): string {
  const { sid, username, authTimeSeconds } = session
  const code = randomText()
  store.codes.put(code, {
    given: { username, sid, policyId: request.policyId, scopes, authTimeSeconds },
    redirectUri: request.redirectUri,
    codeChallenge: request.codeChallenge,
    nonce: request.nonce,
    expiresAtSeconds: nowSeconds + codeSeconds,
    isUsed: false,
    familyId: undefined,
  })
  return code
}

/** A code of somebody else's login at the same application: what a code injection would bring. */
export function issueForeignCode(
  visit: Visit,
  request: AuthorizationRequest,
  session: BrowserSession,
  scopes: readonly string[],
): string {
  return issueCode(visit, { ...request, codeChallenge: randomText(), nonce: randomText() }, session, scopes)
}

export type Redeemed = { ok: true; code: Code } | { ok: false; because: string; familyId?: string }

/** Uses a code up, whatever comes of it. The caller must not wait for anything between this and its own writes. */
export function redeemCode(
  { store, nowSeconds }: Visit,
  text: string,
  redirectUri: string,
  challenge: string,
): Redeemed {
  const code = store.codes.get(text)
  if (!code || code.expiresAtSeconds <= nowSeconds)
    return { ok: false, because: 'The code is unknown or expired' }
  if (code.isUsed) {
    return {
      ok: false,
      because: 'The code was used before',
      ...(code.familyId ? { familyId: code.familyId } : {}),
    }
  }
  store.codes.put(text, { ...code, isUsed: true })
  if (code.redirectUri !== redirectUri)
    return { ok: false, because: 'The redirect_uri is not the one of the code' }
  if (code.codeChallenge !== challenge) return { ok: false, because: 'The code_verifier does not match' }
  return { ok: true, code }
}
