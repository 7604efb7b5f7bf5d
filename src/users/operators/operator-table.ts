import { z } from 'zod'
import type { Role } from '#lib/roles.ts'
import type { UserNames } from '../audit/directory-names.ts'
import { earliest, evictable, PrefixTable } from '../base/table.ts'
import { MOST_ACTS, OPERATOR_SESSIONS } from '../bounds.ts'
import type { EndedAct, NewAct, NewOperatorSession, OperatorSession } from './operator-api.ts'

// A release without policy reads these rows after a rollback: they have no word that it does not know.

/** A sign-in of an operator. Its id is the hash of the token. */
const SessionRow = z.object({
  roles: z.array(z.enum(['viewer', 'operator', 'auditor'])),
  isPolicyEditor: z.boolean().default(false),
  userName: z.string().nullable(),
  preferredUsername: z.string().nullable().default(null),
  /** When the operator authenticated at PingOne. */
  authenticatedAtSeconds: z.number(),
  openedAtSeconds: z.number(),
})
type SessionRow = z.infer<typeof SessionRow>

/** An act that was begun or ended. `what`: what it is about, so that its id cannot stand for another act. */
const ActRow = z.object({
  what: z.string(),
  /** Null: it has begun and not ended. */
  end: z.enum(['done', 'failed']).nullable(),
  /** It failed because it was refused. */
  isRefused: z.boolean().default(false),
  untilSeconds: z.number(),
})

/** The life of a session. Roles are from an id token that is never older. */
export const OPERATOR_SECONDS = 15 * 60
/** How long a repeated message about an act is recognised. Retries take seconds, a walk through many users minutes. */
const ACT_SECONDS = 3600
const NAME = 'operator-name'
const USERNAME = 'operator-username'

/** The sessions, recent acts and names of a user who is an operator. Synchronous. */
export class OperatorTable {
  readonly #kv: DurableObjectStorage['kv']
  readonly #sessions: PrefixTable<SessionRow>
  readonly #acts: PrefixTable<z.infer<typeof ActRow>>
  readonly #now: () => number

  constructor(kv: DurableObjectStorage['kv'], nowSeconds: () => number) {
    this.#kv = kv
    this.#sessions = new PrefixTable(kv, 'operator:', SessionRow)
    this.#acts = new PrefixTable(kv, 'act:', ActRow)
    this.#now = nowSeconds
  }

  /** False for a retry: the session is stored. */
  open(session: string, { network: _network, agent: _agent, ...given }: NewOperatorSession): boolean {
    if (this.#sessions.read(session) !== null) return false
    const oldestFirst = evictable(
      this.#sessions.all(),
      OPERATOR_SESSIONS,
      ([, a], [, b]) => a.openedAtSeconds - b.openedAtSeconds,
    )
    for (const [other] of oldestFirst) this.#sessions.delete(other)
    const known = given.roles.filter((role) => role !== 'policy-editor')
    const isPolicyEditor = known.length < given.roles.length
    this.#sessions.write(session, { ...given, roles: known, isPolicyEditor, openedAtSeconds: this.#now() })
    if (given.userName !== null) this.#kv.put(NAME, given.userName)
    if (given.preferredUsername !== null) this.#kv.put(USERNAME, given.preferredUsername)
    return true
  }

  /** Null if the session is missing or has expired. */
  read(session: string): OperatorSession | null {
    const row = this.#sessions.read(session)
    if (row === null || endOf(row) <= this.#now()) return null
    const { openedAtSeconds: _openedAtSeconds, isPolicyEditor, roles, ...shown } = row
    const all: Role[] = isPolicyEditor ? [...roles, 'policy-editor'] : roles
    return { ...shown, roles: all, endsAtSeconds: endOf(row) }
  }

  get isSignedIn(): boolean {
    return this.#sessions.all().some(([, row]) => endOf(row) > this.#now())
  }

  /** Whether the session was open. */
  close(session: string): boolean {
    const wasOpen = this.read(session) !== null
    this.#sessions.delete(session)
    return wasOpen
  }

  closeAll(): void {
    this.#sessions.deleteWhere(() => true)
  }

  /** As the last sign-in had them. They outlive the session, because the directory is written later. */
  get names(): UserNames {
    const preferredUsername = this.#kv.get<string>(USERNAME) ?? null
    return { userName: this.#kv.get<string>(NAME) ?? null, preferredUsername }
  }

  eraseNames(): void {
    this.#kv.delete(NAME)
    this.#kv.delete(USERNAME)
  }

  /** False for a repeat: the act was begun and has not ended. */
  begin({
    act,
    operation,
    about,
    subject,
  }: Pick<NewAct, 'act' | 'operation' | 'about' | 'subject'>): boolean {
    const what = JSON.stringify([operation, about, subject])
    const row = this.#acts.read(act)
    if (row !== null && row.end === null && row.what === what) return false
    this.#write(act, { what, end: null, isRefused: false })
    return true
  }

  /** False for a repeat: the act has ended. The failure of a try can come after the next try began, so `done` follows it. */
  end({ act, outcome }: Pick<EndedAct, 'act' | 'outcome'>): boolean {
    const row = this.#acts.read(act)
    const isRefused = outcome === 'refused'
    const end = isRefused ? 'failed' : outcome
    if (row?.end === 'done' || (row?.end === end && row.isRefused === isRefused)) return false
    this.#write(act, { what: row?.what ?? '', end, isRefused })
    return true
  }

  sweep(): void {
    this.#sessions.deleteWhere((row) => endOf(row) <= this.#now())
    this.#acts.deleteWhere(({ untilSeconds }) => untilSeconds <= this.#now())
  }

  nextSeconds(): number | null {
    const ends = this.#sessions.all().map(([, row]) => endOf(row))
    return earliest([...ends, ...this.#acts.all().map(([, { untilSeconds }]) => untilSeconds)])
  }

  #write(act: string, row: Omit<z.infer<typeof ActRow>, 'untilSeconds'>): void {
    const others = this.#acts.all().filter(([other]) => other !== act)
    const oldestFirst = evictable(others, MOST_ACTS, ([, a], [, b]) => a.untilSeconds - b.untilSeconds)
    for (const [other] of oldestFirst) this.#acts.delete(other)
    this.#acts.write(act, { ...row, untilSeconds: this.#now() + ACT_SECONDS })
  }
}

const endOf = ({ authenticatedAtSeconds, openedAtSeconds }: SessionRow): number =>
  Math.min(authenticatedAtSeconds, openedAtSeconds) + OPERATOR_SECONDS
