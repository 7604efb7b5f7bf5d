import { randomUUID } from 'node:crypto'
import { expect } from 'vitest'
import { ActProgress, type ActTarget, ErrorBody, Events, Users } from '#operate/api-schema.ts'
import type { Operator } from '#harness/operator.ts'
import type { Reply } from '#harness/oauth-client.ts'

/** The id of a user, when the directory knows them: their object ships within seconds. */
export async function idOf(operator: Operator, name: string): Promise<string> {
  const find = async () => Users.parse((await operator.get('/users', { name })).body).users
  await expect.poll(find).toHaveLength(1)
  return (await find())[0]?.id ?? ''
}

export const REASON = 'Ticket 4711: the laptop was stolen'

/** Begins an act. */
export const begin = (operator: Operator, target: ActTarget, act: string = randomUUID()): Promise<Reply> =>
  operator.post('/acts', { act, target, reason: REASON })

/** An act until every object has answered. */
export async function perform(operator: Operator, target: ActTarget): Promise<ActProgress> {
  const act = randomUUID()
  let progress = ActProgress.parse((await begin(operator, target, act)).body)
  while (progress.next !== null)
    progress = ActProgress.parse((await operator.post(`/acts/${act}/continue`, { next: progress.next })).body)
  return progress
}

/** The events of one act that D1 has. */
export async function eventsOf(operator: Operator, act: string) {
  const { events } = Events.parse((await operator.get('/events', { limit: '250' })).body)
  return events.flatMap(({ event }) => (event !== null && 'act' in event && event.act === act ? [event] : []))
}

/** Status and code of a denial of the operator API. */
export const denialIn = ({ status, body }: Reply) => [status, ErrorBody.safeParse(body).data?.error.code]
