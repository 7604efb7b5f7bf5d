import { exchange, type PreparedRequest } from './exchange.ts'

/** One call, whatever its answer. */
export interface CallTiming {
  readonly startMs: number
  readonly endMs: number
  readonly status: number
}

const WARM_CALLS = 8
const MOST_CALLS = 2000

/** Repeats a call without pause until stopped. `isWarm` resolves when enough calls were made for a comparison. */
export function poll(
  sending: PreparedRequest,
  isOver: (taken: readonly CallTiming[]) => boolean,
  signal: AbortSignal,
): { readonly isWarm: Promise<void>; readonly taken: Promise<readonly CallTiming[]> } {
  const warm = Promise.withResolvers<void>()
  const run = async () => {
    const taken: CallTiming[] = []
    while (!isOver(taken)) {
      signal.throwIfAborted()
      if (taken.length === MOST_CALLS) throw new Error('a grant did not end')
      const startMs = performance.now()
      const { status } = await exchange(sending)
      taken.push({ startMs, endMs: performance.now(), status })
      if (taken.length === WARM_CALLS) warm.resolve()
    }
    return taken
  }
  const taken = run()
  taken.catch(warm.reject)
  return { isWarm: warm.promise, taken }
}
