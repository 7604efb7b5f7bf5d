import type { CallKeeper } from './calls.ts'
import type { EndReason } from './end-reason.ts'
import type { NewGrant } from './grant.ts'
import type { GrantKeeper } from './grant-keeper.ts'

/** A Person as the rest of the server sees it. */
export interface ReachedPerson extends CallKeeper, GrantKeeper {
  openGrant(given: NewGrant): Promise<'opened' | 'blocked'>
  openSession(session: string, grant: string, client: string): Promise<void>
  closeSession(session: string): Promise<void>
}

/**
 * A stub that saw its object die stays dead: a fresh one for each message, and one more try. That is why every
 * method of a Person bears being called twice.
 */
export function reachPerson(env: Env, name: string): ReachedPerson {
  const stub = (): ReachedPerson => env.PERSON.getByName(name)
  const ask = async <T>(message: (person: ReachedPerson) => Promise<T>): Promise<T> => {
    try {
      return await message(stub())
    } catch (error) {
      if (isOverloaded(error)) throw error
      return message(stub())
    }
  }
  return {
    openGrant: (given) => ask(async (person) => person.openGrant(given)),
    snapshot: (grant, presented) => ask(async (person) => person.snapshot(grant, presented)),
    commit: (grant, commit) => ask(async (person) => person.commit(grant, commit)),
    endGrant: (grant, reason: EndReason) => ask(async (person) => person.endGrant(grant, reason)),
    bearer: (grant, token, session) => ask(async (person) => person.bearer(grant, token, session)),
    openSession: (session, grant, client) =>
      ask(async (person) => person.openSession(session, grant, client)),
    closeSession: (session) => ask(async (person) => person.closeSession(session)),
    beginCall: (intent) => ask(async (person) => person.beginCall(intent)),
    endCall: (call, outcome) => ask(async (person) => person.endCall(call, outcome)),
  }
}

/** The platform asks not to be asked again. */
const isOverloaded = (error: unknown): boolean =>
  typeof error === 'object' && error !== null && 'overloaded' in error && error.overloaded === true
