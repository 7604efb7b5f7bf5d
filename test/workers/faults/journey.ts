import { expect } from 'vitest'
import type { Client } from './client.ts'

/** One try of a step: what happens under the fault, and how it goes on when the fault has ended. */
export interface Try {
  go: () => Promise<string>
  goOn: () => Promise<void>
}
/** Made once for a row of the table, so that one client lives through all its faults; prepares one try. */
export type Journey = () => Promise<Try>

/** Nobody was signed out: the same tokens go on. */
export const works = async (client: Client) => {
  expect(await client.call('stateless', 'listTodos')).toBe('ok')
  expect(await client.refresh()).toBe('ok')
}
