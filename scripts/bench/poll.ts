import { exchange, type Sending } from './exchange.ts'

/** One call of many, whatever its answer was. */
export interface Polled {
  readonly startMs: number
  readonly endMs: number
  readonly status: number
}

const WARM_CALLS = 8
const MOST_CALLS = 2000

/** Sends it again and again, without a pause, until it is over. `isWarm` comes when there is something to compare with. */
export function poll(
  sending: Sending,
  isOver: (taken: readonly Polled[]) => boolean,
  signal: AbortSignal,
): { readonly isWarm: Promise<void>; readonly taken: Promise<readonly Polled[]> } {
  const warm = Promise.withResolvers<void>()
  const run = async () => {
    const taken: Polled[] = []
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
