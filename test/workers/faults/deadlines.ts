import { vi } from 'vitest'

/** Every deadline of worker.ts and of the OAuth library is longer; no other timer is. */
const SHORTEST_MS = 1000
/** The OAuth library's timeout for a client's document. Between timer and fetch it reads a cache. */
const LIBRARY_MS = 10_000

let newest: (() => void) | null = null
/** The timer of `newest`, if it is that of the library: nothing else takes it back. */
let newestTimer: unknown = null

/**
 * Deadlines are as long as in production, so that a slow machine never reaches them. A silent target fires the deadline
 * of its own message at once. A message without a deadline is an error.
 */
export function watchDeadlines(): void {
  const [setReal, clearReal] = [setTimeout, clearTimeout]
  vi.stubGlobal('setTimeout', (act: () => void, ms: number) => {
    const timer = setReal(act, ms)
    if (ms === LIBRARY_MS) [newest, newestTimer] = [act, timer]
    else if (ms >= SHORTEST_MS) remember(act)
    return timer
  })
  vi.stubGlobal('clearTimeout', (timer: Parameters<typeof clearTimeout>[0]) => {
    if (timer === newestTimer) [newest, newestTimer] = [null, null]
    clearReal(timer)
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
  newestTimer = null
  queueMicrotask(() => {
    if (newest === end) newest = null
  })
}

export const deadlineSetBefore = (): (() => void) | null => newest

export async function deadlineSetAfter(): Promise<(() => void) | null> {
  await Promise.resolve()
  return newest
}
