import { HEAD } from '#harness/policy.ts'
import type { Entry, EntryAnswer } from '#users/calls/entry.ts'

interface Door {
  enter(entry: Entry): Promise<EntryAnswer>
}

/** Presents the hash of a bearer, for the resource `x`, and asks for nothing. */
export const present = (user: Door, grant: string, token: string, session: string | null = null) =>
  user.enter({ grant, token, audience: 'x', session, policy: HEAD, ask: null, needs: null, call: null })
