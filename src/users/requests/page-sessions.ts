import { z } from 'zod'
import { earliest, evictable, PrefixTable } from '../base/table.ts'
import { MOST_SIGN_INS, PAGES_PER_USER } from '../bounds.ts'

/** A browser's session with our own pages. Its id is the hash of a secret that only the browser has. */
const PageSession = z.object({
  userName: z.string().nullable(),
  /** PingOne's `sid` of the sign-in. "Sign out of PingOne" ends every session with the same one. */
  pingOneSession: z.string(),
  /** When the user authenticated at PingOne. */
  authenticatedAtSeconds: z.number(),
  openedAtSeconds: z.number(),
  seenAtSeconds: z.number(),
})
export type PageSession = z.infer<typeof PageSession>
export type NewPageSession = Pick<PageSession, 'userName' | 'pingOneSession' | 'authenticatedAtSeconds'>

const SignIn = z.object({ attempt: z.string(), untilSeconds: z.number() })

export const PAGE_IDLE_SECONDS = 15 * 60
/** The maximum age of an authentication that may change access. */
export const FRESH_SECONDS = 3600
/** The last use is written at most this often, because the idle limit counts minutes. */
const SEEN_STEP_SECONDS = 60

/** The page sessions of one user, and the used sign-ins. Both expire. Synchronous. */
export class PageSessionTable {
  readonly #pages: PrefixTable<PageSession>
  readonly #signIns: PrefixTable<z.infer<typeof SignIn>>
  readonly #now: () => number

  constructor(kv: DurableObjectStorage['kv'], nowSeconds: () => number) {
    this.#pages = new PrefixTable(kv, 'page:', PageSession)
    this.#signIns = new PrefixTable(kv, 'sign-in:', SignIn)
    this.#now = nowSeconds
  }

  /** False if the sign-in was used before, or too many are stored. A retry has the same `attempt`. */
  useSignIn(id: string, attempt: string, untilSeconds: number): boolean {
    const stored = this.#signIns.read(id)
    if (stored !== null) return stored.attempt === attempt
    if (this.#signIns.all().length >= MOST_SIGN_INS) return false
    this.#signIns.write(id, { attempt, untilSeconds })
    return true
  }

  /** False for a retry: the page is open. */
  open(page: string, given: NewPageSession): boolean {
    const now = this.#now()
    const others = this.#pages.all().filter(([other]) => other !== page)
    const oldestFirst = evictable(others, PAGES_PER_USER, ([, a], [, b]) => a.seenAtSeconds - b.seenAtSeconds)
    for (const [other] of oldestFirst) this.close(other)
    const isNew = this.#pages.read(page) === null
    this.#pages.write(page, { ...given, openedAtSeconds: now, seenAtSeconds: now })
    return isNew
  }

  /** Returns the session and restarts its idle limit; null if it is missing or has expired. */
  touch(page: string): PageSession | null {
    const session = this.#pages.read(page)
    if (session === null || this.#endOf(session) <= this.#now()) return null
    const isStale = this.#now() - session.seenAtSeconds >= SEEN_STEP_SECONDS
    if (isStale) this.#pages.write(page, { ...session, seenAtSeconds: this.#now() })
    return session
  }

  /** Whether the page was open. */
  close(page: string): boolean {
    const wasOpen = this.#pages.read(page) !== null
    this.#pages.delete(page)
    return wasOpen
  }

  closeAll(matches: (session: PageSession) => boolean = () => true): void {
    this.#pages.deleteWhere(matches)
  }

  sweep(): void {
    this.#pages.deleteWhere((session) => this.#endOf(session) <= this.#now())
    this.#signIns.deleteWhere(({ untilSeconds }) => untilSeconds <= this.#now())
  }

  nextSeconds(): number | null {
    const ends = this.#pages.all().map(([, session]) => this.#endOf(session))
    return earliest([...ends, ...this.#signIns.all().map(([, { untilSeconds }]) => untilSeconds)])
  }

  #endOf({ authenticatedAtSeconds, seenAtSeconds }: PageSession): number {
    return Math.min(seenAtSeconds + PAGE_IDLE_SECONDS, authenticatedAtSeconds + FRESH_SECONDS)
  }
}
