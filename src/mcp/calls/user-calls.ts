import type { EndFacts } from '#events/call-facts.ts'
import {
  type CallApi,
  type CallOutcome,
  CallStart,
  type ReadEnd,
  type RefusedToken,
} from '#users/calls/calls.ts'
import type { LaterCall } from '#users/calls/calls.ts'
import { report } from '../edge/request-log.ts'

const RETRY_AFTER_SECONDS = 5
/** How long the outcome of a read may wait for others of the same user. */
const READS_WAIT_MS = 100

export async function beginCall(
  userApi: CallApi,
  later: LaterCall,
  waitUntil: (work: Promise<unknown>) => void,
): Promise<CallStart> {
  try {
    return CallStart.parse(await userApi.beginCall(later))
  } catch (error) {
    // Nothing is on record for sure and nothing was sent: to the client this is an outage like any other.
    report('call.not-begun', error, { tool: later.tool, transaction: later.transaction })
    // If it is on record, only the answer was lost: its key must not stand in the way of the next try.
    waitUntil(endCall(userApi, later.transaction, 'refused', null))
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

/** Stores an outcome at once. If it fails, the call stays without one, which reads as "unknown" (invariant 8). */
export async function endCall(
  userApi: CallApi,
  call: string,
  outcome: CallOutcome,
  result: string | null,
  facts?: EndFacts,
): Promise<void> {
  try {
    await userApi.endCall(call, outcome, result, facts)
  } catch (error) {
    report('call.not-ended', error, { call, outcome })
  }
}

/** By user. Data only: a promise or stub of one request must not serve another, because its request may be over. */
const waitingReads = new Map<string, ReadEnd[]>()

/**
 * Stores the outcome of a read, together with those of the same user and isolate within 100 ms (decision 17). Each
 * request waits by itself and sends what is still there, so an outcome is sent even if all other requests end.
 */
export async function endRead(userApi: CallApi, user: string, end: ReadEnd): Promise<void> {
  const waiting = waitingReads.get(user) ?? []
  waitingReads.set(user, waiting)
  waiting.push(end)
  await new Promise((resolve) => setTimeout(resolve, READS_WAIT_MS))
  if (waiting.includes(end)) await sendReads(userApi, user)
}

/** Sends the outcomes of a user's reads that still wait, as before the object that they wait in is deleted. */
export async function sendReads(userApi: CallApi, user: string): Promise<void> {
  const ends = waitingReads.get(user)?.splice(0) ?? []
  waitingReads.delete(user)
  if (ends.length === 0) return
  try {
    await userApi.endReads(ends)
  } catch (error) {
    for (const { call, outcome } of ends) report('call.not-ended', error, { call, outcome })
  }
}
