import { inject } from 'vitest'
import type { Addresses } from './world.ts'

declare module 'vitest' {
  interface ProvidedContext {
    worlds: readonly Addresses[]
  }
}

/** The shared system of this test worker. */
export function sharedWorld(): Addresses {
  const place = Number(process.env['VITEST_POOL_ID'])
  const world = inject('worlds')[place - 1]
  if (world === undefined) throw new Error(`no system was started for place ${place}`)
  return world
}
