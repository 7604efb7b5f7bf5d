import { vi } from 'vitest'

/** Freezes the time of this isolate, including the library's. */
export function stopClock(): void {
  vi.useFakeTimers({ toFake: ['Date'], now: Math.ceil(Date.now() / 1000) * 1000 })
}

export const startClock = (): void => void vi.useRealTimers()

export const goOn = (seconds: number): void => void vi.setSystemTime(Date.now() + seconds * 1000)

export const MINUTE = 60
export const DAY = 86_400
