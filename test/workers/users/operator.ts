import { runDurableObjectAlarm } from 'cloudflare:test'
import { env } from 'cloudflare:workers'
import { AuditEvent } from '#events/event.ts'
import { userName } from '#users/base/user-id.ts'
import type { NewAct, NewOperatorSession, UserAct } from '#users/operators/operator-api.ts'
import type { UserObjectApi } from '#users/user.ts'
import { ISSUER } from '../settings.ts'
import { auditStore, clock } from './worker.ts'

export type User = ReturnType<typeof env.USER.getByName>

export const seconds = () => Math.floor((Date.now() + clock.aheadMs) / 1000)
export const pass = (passed: number) => (clock.aheadMs += passed * 1000)

export const signIn = (change: Partial<NewOperatorSession> = {}): NewOperatorSession => ({
  roles: ['viewer', 'operator', 'auditor'],
  userName: 'Grace',
  preferredUsername: 'grace',
  authenticatedAtSeconds: seconds(),
  network: '192.0.2.0/24',
  agent: 'node',
  ...change,
})

/** A new user and the name of their object. `api`: the RPCs with their own types, as `reachUser` gives them. */
export async function newUser(): Promise<{ user: User; api: UserObjectApi; name: string }> {
  const name = await userName(ISSUER, crypto.randomUUID())
  const user = env.USER.getByName(name)
  return { user, api: user, name }
}

/** A new user without grants who has signed in as an operator. */
export async function newOperator(change: Partial<NewOperatorSession> = {}) {
  const created = await newUser()
  const opened = await created.user.openOperator('session', signIn(change))
  return { ...created, opened }
}

export const newAct = (change: Partial<NewAct> = {}): NewAct => ({
  act: crypto.randomUUID(),
  operation: 'end-user',
  about: 'another-user',
  reason: { plain: { reason: 'left the company' } },
  affects: { users: 1, grants: 2 },
  ...change,
})

type WithoutId<A> = A extends UserAct ? Omit<A, 'act' | 'by'> & { act?: string } : never

export const userAct = (act: WithoutId<UserAct>): UserAct => ({
  act: crypto.randomUUID(),
  by: 'an-operator',
  ...act,
})

/** Ships all and reads the chain. */
export async function eventsOf({ user, name }: { user: User; name: string }): Promise<AuditEvent[]> {
  for (let count = 0; count < 20 && (await user.auditState()).waiting > 0; count += 1) {
    pass(3)
    await runDurableObjectAlarm(user)
  }
  const fault = await auditStore.faultOf(name)
  if (fault !== null) throw new Error(`the chain is wrong: ${fault}`)
  return auditStore.bodiesOf(name).map((body) => AuditEvent.parse(body))
}

export const typesOf = async (who: { user: User; name: string }): Promise<string[]> =>
  (await eventsOf(who)).map(({ type }) => type)
