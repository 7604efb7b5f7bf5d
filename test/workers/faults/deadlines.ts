import { vi } from 'vitest'

/** Every deadline of worker.ts and of the OAuth library is longer; no other timer is. */
const SHORTEST_MS = 1000
/** The OAuth library's timeout for a client's document. Between timer and fetch it reads a cache. */
const LIBRARY_MS = 10_000

let newest: (() => void) | null = null

/**
 * Deadlines are as long as in production, so that a slow machine never reaches them. A silent target fires the deadline
 * of its own message at once. A message without a deadline is an error.
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

/** A message and its deadline are created in the same task, in either order. */
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
