import { afterEach, beforeEach, expect, test } from 'vitest'
import { Client } from '../faults/client.ts'
import { heal } from '../faults/faults.ts'
import { startIsolate } from '../faults/world.ts'
import { writes } from '../todo-api.ts'
import { switches } from '../pingone.ts'
import { bearerDenials } from './bearer-denials.ts'
import { callDenials } from './call-denials.ts'
import type { DeniedCall } from './denials.ts'
import { type Caller, callerOf, callTool, idOf, readDenied, REVISIONS } from './door.ts'
import { startClock, stopClock } from './support.ts'

// Every request of /mcp passes one door (decision 17). Whatever it denies, each revision of the protocol gets the same
// status, headers and sentence, in the form of JSON-RPC with the id of the request.
beforeEach(() => {
  stopClock()
  // The API shows the last three of all users.
  writes.length = 0
})
afterEach(() => {
  startClock()
  heal()
  startIsolate()
  Object.assign(switches, { accessTokenSeconds: 3600, knowsClient: true })
})

const rows: readonly DeniedCall[] = [bearerDenials, callDenials].flatMap((table) =>
  Object.values(table).flat(),
)

async function signedIn(ticked: string | undefined): Promise<Client> {
  const client = await Client.register()
  const login = client.login()
  if (ticked !== undefined) login.ticked = [ticked]
  await client.redeem(await login.toCode())
  return client
}

test.for(rows.map((row) => [row.title, row] as const))(
  '%s: the same denial in every revision',
  async ([, row]) => {
    const callers: Caller[] = []
    for (const revision of REVISIONS) {
      if (row.only === (revision === '2026-07-28' ? 'sessions' : 'stateless')) continue
      const caller = await callerOf(await signedIn(row.ticked), revision)
      callers.push({ ...caller, ...(await row.prepare?.(caller)) })
    }
    row.breaking?.()
    const { call = () => ({ name: 'listTodos' }), isUnread = false, denied } = row
    const answers = await Promise.all(callers.map((caller) => callTool(caller, call(caller))))
    const id = (caller: Caller) => (isUnread ? null : idOf(caller))
    expect(answers.map(readDenied)).toEqual(callers.map((caller) => ({ ...denied, id: id(caller) })))
  },
)
