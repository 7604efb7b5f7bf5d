import { type CallIntent, type CallKeeper, type CallOutcome, CallStart } from '../people/calls.ts'
import { report } from './report.ts'

export async function beginCall(keeper: CallKeeper, intent: CallIntent): Promise<CallStart> {
  try {
    return CallStart.parse(await keeper.beginCall(intent))
  } catch (error) {
    // Nothing is on record for sure and nothing was sent: to the client this is an outage like any other.
    report('call.not-begun', error, { tool: intent.tool, transaction: intent.transaction })
    return { verdict: 'unavailable', retryAfterSeconds: 5 }
  }
}

export async function endCall(
  keeper: CallKeeper,
  call: string,
  outcome: CallOutcome,
  result: string | null,
): Promise<void> {
  try {
    await keeper.endCall(call, outcome, result)
  } catch (error) {
    report('call.not-ended', error, { call, outcome })
  }
}
