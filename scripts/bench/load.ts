import { send, type Sending } from './exchange.ts'
import { median } from './statistics.ts'

/** As many callers as there are requests, each sending its own again as soon as it is answered; calls per second. */
export async function rateOf(
  callers: readonly Sending[],
  forMs: number,
  signal: AbortSignal,
): Promise<number> {
  const startMs = performance.now()
  let answered = 0
  const sendOn = async (sending: Sending) => {
    while (performance.now() - startMs < forMs) {
      signal.throwIfAborted()
      await send(sending)
      answered += 1
    }
  }
  await Promise.all(callers.map(sendOn))
  return answered / ((performance.now() - startMs) / 1000)
}

/** One request after the other, for so long; how long each took. */
export async function sendFor(sending: Sending, forMs: number, signal: AbortSignal): Promise<number[]> {
  const startMs = performance.now()
  const taken: number[] = []
  while (performance.now() - startMs < forMs) {
    signal.throwIfAborted()
    taken.push(await send(sending))
  }
  return taken
}

/** One after the other, in order. */
export async function sendEach(sendings: readonly Sending[], signal: AbortSignal): Promise<number[]> {
  const taken: number[] = []
  for (const sending of sendings) {
    signal.throwIfAborted()
    taken.push(await send(sending))
  }
  return taken
}

/** By round, and then the median: what moves the machine for a while moves both. */
export const medianRatio = (values: readonly number[], bases: readonly number[]): number =>
  median(values.map((value, round) => value / (bases[round] ?? Number.NaN)))
