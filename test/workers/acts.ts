import { env } from 'cloudflare:workers'
import { ClientCutoffTable } from '#audit/cutoffs.ts'
import type { ControlApi } from '#control/control-api.ts'
import { PRIMARY } from '#control/replicas.ts'
import type { UserAct } from '#users/operators/operator-api.ts'

type WithoutId<A> = A extends UserAct ? Omit<A, 'act' | 'by'> : never
interface Operated {
  applyAct(act: UserAct): Promise<unknown>
}

/** Lets an operator act on this user, as the operator API does after it has recorded the act. */
const apply = async (user: Operated, act: WithoutId<UserAct>): Promise<void> => {
  await user.applyAct({ act: crypto.randomUUID(), by: 'an-operator', ...act })
}

export const block = (user: Operated): Promise<void> => apply(user, { operation: 'block-user' })
export const endUser = (user: Operated): Promise<void> => apply(user, { operation: 'end-user' })
export const unblock = (user: Operated): Promise<void> => apply(user, { operation: 'unblock-user' })
export const erase = (user: Operated): Promise<void> => apply(user, { operation: 'erase-user' })

/** The switch of an act on a client, without the walk through its users. An isolate knows it when it has renewed its list. */
export const cutOff = async (client: string, isBlocked: boolean): Promise<void> =>
  new ClientCutoffTable(env.RECORDS, 5000).write({
    client,
    endedBeforeMs: (Math.floor(Date.now() / 1000) + 1) * 1000,
    isBlocked: isBlocked || null,
    act: crypto.randomUUID(),
  })

/** Switches a client off in Control. Returns the id of the switch. An isolate knows it when it has read the head again. */
export async function switchOffClient(client: string): Promise<string> {
  const id = crypto.randomUUID()
  const says = 'It is being repaired.'
  const target = { kind: 'client', value: client } as const
  const outcome = await reach().switchOff({ id, target, says, sinceMs: Date.now(), untilMs: null })
  if (outcome !== 'done') throw new Error(`the switch is ${outcome}`)
  return id
}

export const switchOn = async (id: string): Promise<void> => void (await reach().switchOn(id))

const reach = (): ControlApi => env.CONTROL.getByName(PRIMARY)
