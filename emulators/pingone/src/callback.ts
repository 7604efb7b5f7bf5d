import { redirect, withCorrelation, type Answer } from './answer.ts'
import type { Visit } from './visit.ts'

/** Where an answer of the authorization endpoint goes. */
export interface Caller {
  readonly redirectUri: string
  readonly state: string | undefined
}

/** Sends an error to the application. */
export function returnError(visit: Visit, caller: Caller, error: string, description: string): Answer {
  const text = withCorrelation(description, visit.correlationId)
  return returnToCaller(visit, caller, { error, error_description: text }, `${error}: ${description}`)
}

/** Sends a code to the application. */
export function returnCode(visit: Visit, caller: Caller, code: string | undefined): Answer {
  return returnToCaller(visit, caller, code === undefined ? {} : { code }, 'back to the application')
}

/** H: no `iss` (RFC 9207) unless a switch says so. */
function returnToCaller(
  visit: Visit,
  { redirectUri, state }: Caller,
  answer: Readonly<Record<string, string>>,
  reason: string,
): Answer {
  const { settings, switches } = visit
  const target = new URL(redirectUri)
  for (const [name, value] of Object.entries(answer)) target.searchParams.set(name, value)
  if (state !== undefined && switches.callbackState !== 'missing') {
    target.searchParams.set(
      'state',
      switches.callbackState === 'wrong' ? 'not-the-state-that-was-sent' : state,
    )
  }
  if (switches.callbackIss !== 'absent') {
    target.searchParams.set(
      'iss',
      switches.callbackIss === 'right' ? settings.issuer : `${settings.base}/other`,
    )
  }
  return redirect(target.href, reason)
}
