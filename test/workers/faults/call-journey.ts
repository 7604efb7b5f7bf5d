import { expect } from 'vitest'
import type { Client, Transport } from './client.ts'
import type { Target } from './faults.ts'
import type { Journey } from './journey.ts'
import { switches } from './pingone.ts'
import { written } from './todo-api.ts'
import { startIsolate } from './world.ts'

const isRenewing = (target: Target) => target === 'discovery' || target === 'keys' || target === 'token'

/** Signs in with a PingOne token that each call must refresh, if refreshing is what fails. */
export async function signedIn(client: Client, target: Target): Promise<Client> {
  switches.accessTokenSeconds = isRenewing(target) ? 30 : target === 'api' ? 200 : 3600
  await client.signIn()
  await client.openSession()
  return client
}

const times = (text: string) => written.filter((one) => one === text).length

/** How often a write may have been executed after this answer. `unknown`: once or not at all. */
const carriedOut = (word: string): readonly number[] =>
  word === 'unknown' ? [0, 1] : word === 'ok' ? [1] : [0]

/** A tool call on one transport, by a server with empty caches. */
export const callJourney =
  (client: Client, transport: Transport, tool: 'listTodos' | 'addTodo'): Journey =>
  async () => {
    startIsolate()
    const text = crypto.randomUUID()
    const input = tool === 'addTodo' ? { text } : {}
    let word = ''
    return {
      async go() {
        word = await client.call(transport, tool, input)
        return word
      },
      async goOn() {
        if (tool === 'addTodo') expect(carriedOut(word)).toContain(times(text))
        if (word === 'unknown') await expect.poll(() => client.lastOutcome()).toBe('unknown')
        // A call that did not begin can be sent again and then runs once.
        if (word === 'later') expect(await client.call(transport, tool, input)).toBe('ok')
        expect(times(text)).toBeLessThanOrEqual(1)
        expect(await client.call(transport, 'listTodos')).toBe('ok')
      },
    }
  }
