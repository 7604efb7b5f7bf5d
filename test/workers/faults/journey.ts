import { expect } from 'vitest'
import type { Client } from './client.ts'

/** One attempt at a step: `go` runs under the fault, `goOn` after it. */
export interface Try {
  go: () => Promise<string>
  goOn: () => Promise<void>
}
/** Created once per row of the table, so that one client meets all faults. Prepares one attempt. */
export type Journey = () => Promise<Try>

/** The tokens still work: nobody was signed out. */
export const works = async (client: Client) => {
  expect(await client.call('stateless', 'listTodos')).toBe('ok')
  expect(await client.refresh()).toBe('ok')
}
