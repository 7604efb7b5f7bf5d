import { vi } from 'vitest'

/** Every deadline of worker.ts and of the OAuth library is longer; no other timer is. */
const SHORTEST_MS = 1000
/** How long the OAuth library waits for a client's document; between the timer and the fetch it asks a cache. */
const LIBRARY_MS = 10_000

let newest: (() => void) | null = null

/**
 * Deadlines are as long as in production, so that a slow machine meets none. Who keeps silent lets the one end that
 * was set for just this message: nobody waits for it, and a message that has none is found out.
 */
export function watchDeadlines(): void {
  const setReal = setTimeout
  vi.stubGlobal('setTimeout', (act: () => void, ms: number) => {
    if (ms === LIBRARY_MS) newest = act
    else if (ms >= SHORTEST_MS) remember(act)
    return setReal(act, ms)
  })
  vi.spyOn(AbortSignal, 'timeout').mockImplementation(() => {
    const controller = new AbortController()
    remember(() => controller.abort(new DOMException('The operation timed out', 'TimeoutError')))
    return controller.signal
  })
}

export function unwatchDeadlines(): void {
  vi.unstubAllGlobals()
  vi.restoreAllMocks()
}

/** A message and its deadline are made in one go, whichever is first. */
function remember(end: () => void): void {
  newest = end
  queueMicrotask(() => {
    if (newest === end) newest = null
  })
}

export const deadlineSetBefore = (): (() => void) | null => newest

export async function deadlineSetAfter(): Promise<(() => void) | null> {
  await Promise.resolve()
  return newest
}
