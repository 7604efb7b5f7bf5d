import { clock, type User } from '../calls/worker.ts'

const FROM = { userName: 'Ada', preferredUsername: 'ada', network: '192.0.2.0/24', agent: 'Claude' }
const ACTS_PER_DAY = 40
const affected = { users: 1, grants: 1 }

/**
 * A day of a user who is an operator too: a sign-in, and acts on another user. Some messages come twice, the first act does not
 * end, and most days the session is left to its limit. `expect`: called for each event that this must leave.
 */
export async function operate(user: User, day: number, expect: (type: string) => void): Promise<void> {
  const session = `operator-${day}`.padEnd(64, '0')
  const authenticatedAtSeconds = Math.floor(clock.nowMs / 1000)
  await user.openOperator(session, { ...FROM, roles: ['viewer', 'operator'], authenticatedAtSeconds })
  expect('operator.signed-in')
  for (let count = 0; count < ACTS_PER_DAY; count += 1) {
    const act = { act: crypto.randomUUID(), operation: 'end-user' } as const
    const began = { ...act, about: 'another', reason: {}, affects: affected }
    for (let time = 0; time < (count % 7 === 0 ? 2 : 1); time += 1)
      if ((await user.beginAct(session, began)) !== 'recorded') throw new Error('an act is refused')
    expect('operator.began')
    if (count === 0) continue
    await user.endAct({ ...act, outcome: 'done', affected })
    expect('operator.ended')
  }
  if (day % 6 !== 0) return
  await user.closeOperator(session)
  expect('operator.signed-out')
}
