import { runInDurableObject } from 'cloudflare:test'
import { env } from 'cloudflare:workers'
import { CallStart, type CallIntent } from '#users/calls/calls.ts'
import { clock } from './worker.ts'

const HOUR_SECONDS = 3600

/** A person with one live grant. */
export async function personWith(name: string, ...grants: string[]) {
  const person = env.PERSON.getByName(name)
  for (const id of grants) await person.openGrant(newGrant(id))
  return person
}

export const newGrant = (id: string) => ({
  id,
  record: { value: '{"authCodeId":"the code"}', expiresAtSeconds: null },
  client: 'client-a',
  shown: { name: 'Client', domain: null, redirectUri: 'http://localhost:33418/done' },
  personName: 'Ada',
  pingOneSession: 'sid',
  downstreamScopes: ['todo:read'],
  accessToken: 'the-access-token',
  refreshToken: 'the-refresh-token',
  downstreamEndsAtSeconds: Math.floor(clock.nowMs / 1000) + 365 * 24 * HOUR_SECONDS,
  environment: null,
})

/** A write with a key of the client; each is a message of its own. */
export const intent = (given: Partial<CallIntent> = {}): CallIntent => ({
  grant: 'g1',
  client: 'client-a',
  lane: 'stateless',
  tool: 'addTodo',
  effect: 'write',
  transaction: crypto.randomUUID(),
  argumentsDigest: 'digest-1',
  key: { hash: 'hash-1' },
  ...given,
})

type Person = Awaited<ReturnType<typeof personWith>>

export const begin = async (person: Person, given: Partial<CallIntent> = {}): Promise<CallStart> =>
  CallStart.parse(await person.beginCall(intent(given)))

/** What is on record, in the order in which it changed. */
export const rowsOf = (person: Person) =>
  runInDurableObject(person, (_object, { storage }) =>
    storage.sql
      .exec<Record<string, SqlStorageValue>>(
        'SELECT seq, id, tool, effect, outcome, result, ended_at_ms, client_trace FROM calls ORDER BY seq',
      )
      .toArray(),
  )
