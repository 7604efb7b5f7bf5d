import {
  type CallIntent,
  type CallApi,
  type CallOutcome,
  CallStart,
  type RefusedToken,
} from '#users/calls/calls.ts'
import { report } from '../edge/request-log.ts'

const RETRY_AFTER_SECONDS = 5

export async function beginCall(
  userApi: CallApi,
  intent: CallIntent,
  waitUntil: (work: Promise<unknown>) => void,
): Promise<CallStart> {
  try {
    return CallStart.parse(await userApi.beginCall(intent))
  } catch (error) {
    // Nothing is on record for sure and nothing was sent: to the client this is an outage like any other.
    report('call.not-begun', error, { tool: intent.tool, transaction: intent.transaction })
    // If it is on record, only the answer was lost: its key must not stand in the way of the next try.
    waitUntil(endCall(userApi, intent.transaction, 'refused', null))
    return { verdict: 'unavailable', retryAfterSeconds: RETRY_AFTER_SECONDS }
  }
}

/** A newer downstream token for a running call. The call reports its own outcome: it may have done something before. */
export async function renewToken(userApi: CallApi, refused: RefusedToken): Promise<CallStart> {
  try {
    return CallStart.parse(await userApi.renewToken(refused))
  } catch (error) {
    report('call.token-not-renewed', error, { transaction: refused.transaction })
    return { verdict: 'unavailable', retryAfterSeconds: RETRY_AFTER_SECONDS }
  }
}

export async function endCall(
  userApi: CallApi,
  call: string,
  outcome: CallOutcome,
  result: string | null,
): Promise<void> {
  try {
    await userApi.endCall(call, outcome, result)
  } catch (error) {
    report('call.not-ended', error, { call, outcome })
  }
}
