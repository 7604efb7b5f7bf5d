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
export const unblock = (user: Operated): Promise<void> => apply(user, { operation: 'unblock-user' })
export const erase = (user: Operated): Promise<void> => apply(user, { operation: 'erase-user' })
