import { send, type PreparedRequest } from './exchange.ts'
import { median } from './statistics.ts'

/** One caller per request; each repeats its request without pause. Returns calls per second. */
export async function rateOf(
  callers: readonly PreparedRequest[],
  forMs: number,
  signal: AbortSignal,
): Promise<number> {
  const startMs = performance.now()
  let answered = 0
  const sendOn = async (sending: PreparedRequest) => {
    while (performance.now() - startMs < forMs) {
      signal.throwIfAborted()
      await send(sending)
      answered += 1
    }
  }
  await Promise.all(callers.map(sendOn))
  return answered / ((performance.now() - startMs) / 1000)
}

/** Sends requests sequentially for the given time; returns each duration. */
export async function sendFor(
  sending: PreparedRequest,
  forMs: number,
  signal: AbortSignal,
): Promise<number[]> {
  const startMs = performance.now()
  const taken: number[] = []
  while (performance.now() - startMs < forMs) {
    signal.throwIfAborted()
    taken.push(await send(sending))
  }
  return taken
}

/** Sends each request once, sequentially. */
export async function sendEach(sendings: readonly PreparedRequest[], signal: AbortSignal): Promise<number[]> {
  const taken: number[] = []
  for (const sending of sendings) {
    signal.throwIfAborted()
    taken.push(await send(sending))
  }
  return taken
}

/** The ratio for each round, then the median, so that machine load affects both sides equally. */
export const medianRatio = (values: readonly number[], bases: readonly number[]): number =>
  median(values.map((value, round) => value / (bases[round] ?? Number.NaN)))
