import { findAccount } from './accounts.ts'
import { readCookie, setCookie } from './cookies.ts'
import { randomText } from './random.ts'
import type { Flow } from './records.ts'
import { one } from './parameters.ts'
import { apiScopesAmong } from './scopes.ts'
import { cookiePath, liveSession } from './sessions.ts'
import type { Visit } from './visit.ts'

/** The flow that stands in for a DaVinci flow: sign on, consent, done. */
export type Step = 'sign-on' | 'consent' | 'finish'

/** How long a user may take. */
export const flowSeconds = 900

const cookieName = 'browser'

/** What a flow needs next. */
export function nextStep({ sid, outcome }: Flow): Step {
  if (sid === undefined) return 'sign-on'
  return outcome === undefined ? 'consent' : 'finish'
}

/** The address of the next step: a page of the flow, or the hop that ends it. */
export function pageOfFlow({ settings }: Visit, flow: Flow): string {
  const path = nextStep(flow) === 'finish' ? 'as/resume' : 'signon/'
  return `${settings.base}/${path}?flowId=${flow.id}`
}

/** What this browser is known by while it has a flow: one value for all tabs, so that each tab's form works. */
export function browserOf(visit: Visit): { value: string; cookies: string[] } {
  const known = readCookie(visit.request, cookieName)
  if (known !== undefined && /^[A-Za-z0-9_-]{43}$/.test(known)) return { value: known, cookies: [] }
  const value = randomText()
  return { value, cookies: [setCookie(cookieName, value, cookiePath(visit.settings))] }
}

/** The flow a request names, if it belongs to this browser. */
export function findFlow({ request, parameters, store, nowSeconds }: Visit): Flow | undefined {
  const flow = store.flows.get(one(parameters, 'flowId') ?? '')
  if (!flow || flow.expiresAtSeconds <= nowSeconds) return undefined
  return readCookie(request, cookieName) === flow.browser ? flow : undefined
}

/** Decides about consent where no user has to be asked. */
export function settleConsent(visit: Visit, flow: Flow): Flow {
  const { store, switches } = visit
  const session = flow.sid === undefined ? undefined : liveSession(visit, flow.sid)
  if (!session) return { ...flow, sid: undefined }
  const asked = apiScopesAmong(flow.request.scopes)
  if (asked.length === 0) return allow(flow, [])
  if (switches.decision === 'deny') return { ...flow, outcome: denied }
  if (switches.decision === 'fewer') return allow(flow, asked.slice(0, 1))
  const remembered = switches.rememberConsent ? (store.consents.get(session.username) ?? []) : []
  return asked.every((scope) => remembered.includes(scope)) ? allow(flow, asked) : flow
}

/** H: "reduced scopes" at the end of the flow narrow what is granted; OIDC scopes are not up for choice. */
export function allow(flow: Flow, apiScopes: readonly string[]): Flow {
  const { scopes } = flow.request
  const asked = apiScopesAmong(scopes)
  const kept = scopes.filter((scope) => !asked.includes(scope) || apiScopes.includes(scope))
  return { ...flow, outcome: { kind: 'success', scopes: kept } }
}

/** H: what the application hears of a denial is what the flow's designer typed; this is what we recommend. */
export const denied = {
  kind: 'error',
  error: 'access_denied',
  description: 'The user did not consent',
} as const

/** The user of a flow that has someone signed on. */
export function userOf(visit: Visit, flow: Flow) {
  const session = flow.sid === undefined ? undefined : liveSession(visit, flow.sid)
  return session && findAccount(visit.store, session.username)
}
