import { reset } from 'cloudflare:test'
import { vi } from 'vitest'

/**
 * Consecutive files of a project can share one runtime (`sharesRuntime`). Each begins with empty storage, the real
 * clock and the real functions, whichever file ran before it.
 */
vi.useRealTimers()
vi.unstubAllGlobals()
vi.restoreAllMocks()
await reset()
