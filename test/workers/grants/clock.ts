import { vi } from 'vitest'

/** From here on the time of everything in this isolate, the library's too, is what a test says. */
export function stopClock(): void {
  vi.useFakeTimers({ toFake: ['Date'], now: Math.ceil(Date.now() / 1000) * 1000 })
}

export const startClock = (): void => void vi.useRealTimers()

export const goOn = (seconds: number): void => void vi.setSystemTime(Date.now() + seconds * 1000)

export const MINUTE = 60
export const DAY = 86_400
