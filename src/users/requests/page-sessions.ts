import { z } from 'zod'
import { MOST_SIGN_INS, PAGES_PER_USER } from '../bounds.ts'

/** A browser in which the user is signed in to our own pages. Its key is the hash of a secret that only it has. */
const PageSession = z.object({
  userName: z.string().nullable(),
  /** PingOne's `sid` of the sign-in: what "sign out of PingOne" ends. */
  pingOneSession: z.string(),
  /** When the user proved at PingOne who they are. A session from before that was kept is over. */
  authenticatedAtSeconds: z.number().default(0),
  openedAtSeconds: z.number(),
  seenAtSeconds: z.number(),
})
export type PageSession = z.infer<typeof PageSession>
export type NewPageSession = Pick<PageSession, 'userName' | 'pingOneSession' | 'authenticatedAtSeconds'>

const SignIn = z.object({ attempt: z.string(), untilSeconds: z.number() })

export const PAGE_IDLE_SECONDS = 15 * 60
/** How long ago somebody may have proved who they are who changes access. */
export const FRESH_SECONDS = 3600
/** The idle limit counts minutes: a page that is looked at writes no more often than that. */
const SEEN_STEP_SECONDS = 60

const PAGE = 'page:'
const SIGN_IN = 'sign-in:'

/** The page sessions of one user, and the sign-ins that were used up. Nothing of either outlives its time. */
export class PageSessions {
  readonly #kv: DurableObjectStorage['kv']
  readonly #now: () => number

  constructor(kv: DurableObjectStorage['kv'], nowSeconds: () => number) {
    this.#kv = kv
    this.#now = nowSeconds
  }

  /** Whether this is the first time, and there were not too many. `attempt` is the same where one message is sent twice, its answer lost. */
  useSignIn(id: string, attempt: string, untilSeconds: number): boolean {
    const stored = this.#kv.get(SIGN_IN + id)
    if (stored !== undefined) return SignIn.parse(stored).attempt === attempt
    if (this.#signIns().length >= MOST_SIGN_INS) return false
    this.#kv.put(SIGN_IN + id, { attempt, untilSeconds })
    return true
  }

  open(page: string, given: NewPageSession): void {
    const now = this.#now()
    const others = this.#all().filter(([other]) => other !== page)
    const oldestFirst = others.toSorted(([, a], [, b]) => a.seenAtSeconds - b.seenAtSeconds)
    const tooMany = oldestFirst.slice(0, Math.max(0, oldestFirst.length + 1 - PAGES_PER_USER))
    for (const [other] of tooMany) this.close(other)
    this.#kv.put(PAGE + page, { ...given, openedAtSeconds: now, seenAtSeconds: now } satisfies PageSession)
  }

  /** The session, kept alive by this look at it; null when there is none, or it was idle for too long. */
  see(page: string): PageSession | null {
    const stored = this.#kv.get(PAGE + page)
    const session = stored === undefined ? null : PageSession.parse(stored)
    if (session === null || this.#endOf(session) <= this.#now()) return null
    const isStale = this.#now() - session.seenAtSeconds >= SEEN_STEP_SECONDS
    if (isStale) this.#kv.put(PAGE + page, { ...session, seenAtSeconds: this.#now() })
    return session
  }

  close(page: string): void {
    this.#kv.delete(PAGE + page)
  }

  closeAll(isMeant: (session: PageSession) => boolean = () => true): void {
    for (const [page, session] of this.#all()) if (isMeant(session)) this.close(page)
  }

  sweep(): void {
    for (const [page, session] of this.#all()) if (this.#endOf(session) <= this.#now()) this.close(page)
    for (const [id, { untilSeconds }] of this.#signIns())
      if (untilSeconds <= this.#now()) this.#kv.delete(SIGN_IN + id)
  }

  nextSeconds(): number | null {
    const ends = this.#all().map(([, session]) => this.#endOf(session))
    const times = [...ends, ...this.#signIns().map(([, { untilSeconds }]) => untilSeconds)]
    return times.length === 0 ? null : Math.min(...times)
  }

  #endOf({ authenticatedAtSeconds, seenAtSeconds }: PageSession): number {
    return Math.min(seenAtSeconds + PAGE_IDLE_SECONDS, authenticatedAtSeconds + FRESH_SECONDS)
  }

  #all(): [page: string, session: PageSession][] {
    return Array.from(this.#kv.list({ prefix: PAGE }), ([key, stored]) => [
      key.slice(PAGE.length),
      PageSession.parse(stored),
    ])
  }

  #signIns(): [id: string, signIn: z.infer<typeof SignIn>][] {
    return Array.from(this.#kv.list({ prefix: SIGN_IN }), ([key, stored]) => [
      key.slice(SIGN_IN.length),
      SignIn.parse(stored),
    ])
  }
}
