import { runInDurableObject } from 'cloudflare:test'
import { env } from 'cloudflare:workers'
import { askAbout, HEAD } from '#harness/policy.ts'
import type { CallOutcome } from '#users/calls/calls.ts'
import type { Entry } from '#users/calls/entry.ts'
import { grantKey, parseGrantRecord, tokenKey } from '#users/grants/grant-records.ts'
import { FACTS, intent, newGrant, SIGN_IN } from '../calls/story.ts'
import { clock, User } from '../calls/worker.ts'
import { operate } from './busy-operator.ts'
import { add } from './long-audit-log.ts'

const MINUTE_MS = 60_000
const HOUR_MS = 60 * MINUTE_MS
export const DAY_MS = 24 * HOUR_MS
const CLIENTS = ['client-a', 'client-b', 'client-c'] as const
const NETWORK = '192.0.2.0/24'
const SCOPES = ['todo:read', 'todo:write']
/** The day begins at eight and ends at eight. */
const [FIRST_HOUR, HOURS] = [8, 12]

const hashOf = (name: string) => `${name}-`.padEnd(64, '0')
const nowSeconds = () => Math.floor(clock.nowMs / 1000)

/** A client's grant: its number of refreshes, and what it may do. */
interface Held {
  id: string
  refreshes: number
  refreshedAtMs: number
  session: string | null
}

/** The object and its storage. */
interface Inside {
  user: User
  storage: DurableObjectStorage
}

/** A user with three clients who call, refresh, log in, allow and deny. Counts the events that this must leave. */
export class BusyUser {
  readonly expected = new Map<string, number>()
  readonly #stub: ReturnType<typeof env.USER.getByName>
  readonly #callsPerDay: number
  #made: { state: DurableObjectState; user: User } | null = null
  readonly #held = new Map<string, Held>()
  #grants = 0
  #calls = 0
  /** The last idempotency key of each client. */
  readonly #keys = new Map<string, string>()

  constructor(name: string, callsPerDay: number) {
    this.#stub = env.USER.getByName(name)
    this.#callsPerDay = callsPerDay
  }

  async in<T>(act: (inside: Inside) => Promise<T>): Promise<T> {
    return runInDurableObject(this.#stub, (_user, state) => {
      if (this.#made?.state !== state) this.#made = { state, user: new User(state, env) }
      return act({ user: this.#made.user, storage: state.storage })
    })
  }

  /** The object leaves memory: the next one has its storage alone. */
  evict(): void {
    this.#made = null
  }

  /** Runs the alarms that the object asked for until then, each at its time. */
  async #passTo({ user, storage }: Inside, atMs: number): Promise<void> {
    for (;;) {
      const alarmMs = await storage.getAlarm()
      if (alarmMs === null || alarmMs > atMs) break
      clock.nowMs = Math.max(clock.nowMs, alarmMs)
      await storage.deleteAlarm()
      await user.alarm()
    }
    clock.nowMs = Math.max(clock.nowMs, atMs)
  }

  async live(day: number, startMs: number): Promise<void> {
    const perBurst = Math.max(5, Math.ceil(this.#callsPerDay / 100))
    const bursts = Math.ceil(this.#callsPerDay / perBurst)
    await this.in(async (inside) => {
      for (let burst = 0; burst < bursts; burst += 1) {
        await this.#passTo(inside, startMs + FIRST_HOUR * HOUR_MS + (burst * HOURS * HOUR_MS) / bursts)
        const client = CLIENTS[burst % CLIENTS.length] ?? 'client-a'
        const held = await this.#freshen(inside, client, day)
        for (let call = 0; call < perBurst; call += 1, clock.nowMs += 100)
          await this.#call(inside, client, { held, day })
      }
      await this.#passTo(inside, startMs + (FIRST_HOUR + HOURS + 1) * HOUR_MS)
      await this.#evening(inside, day)
      await this.#passTo(inside, startMs + DAY_MS)
      // Real time has to pass too: the deadlines of requests that were answered end in it, and too many are refused.
      await scheduler.wait(1)
    })
  }

  /** A grant with an access token that is valid for some time, and a session for the first client. */
  async #freshen(inside: Inside, client: string, day: number): Promise<Held> {
    const { user } = inside
    const before = this.#held.get(client)
    const held =
      before !== undefined && (await this.#isLive(user, before)) ? before : await this.#login(inside, client)
    this.#held.set(client, held)
    if (clock.nowMs - held.refreshedAtMs > 50 * MINUTE_MS) await this.#refresh(inside, client, held)
    if (client !== 'client-a' || held.session !== null) return held
    held.session = hashOf(`s${day}`)
    const facts = { session: `session-${day}`, network: NETWORK, agent: 'Claude' }
    await user.openSession(held.session, held.id, client, facts)
    await user.subscribe(held.session, held.id, 'todo://list')
    this.#expect('session.opened')
    return held
  }

  /** A grant that is too old ends at its next token request, as the token endpoint does it. */
  async #isLive(user: User, { id }: Held): Promise<boolean> {
    const { ended, over } = await user.snapshot(id, 'any', false)
    if (over !== null) await user.endGrant(id, over)
    return ended === null && over === null
  }

  async #login({ user }: Inside, client: string): Promise<Held> {
    this.#grants += 1
    const held = { id: `g${this.#grants}`, refreshes: 0, refreshedAtMs: -Infinity, session: null }
    const at = {
      startedAtMs: clock.nowMs - 3000,
      consentedAtMs: clock.nowMs - 2000,
      completedAtMs: clock.nowMs,
    }
    const scopes = { requested: SCOPES, approved: SCOPES, granted: ['todo:read'] }
    const login = { transaction: crypto.randomUUID(), ...at, ...scopes, network: NETWORK, agent: 'Claude' }
    const record = { value: this.#recordOf(client, held), expiresAtSeconds: null }
    await user.openGrant({ ...newGrant(held.id), client, record, login, signIn: SIGN_IN })
    for (const type of ['login.started', 'consent.given', 'login.completed', 'grant.opened'])
      this.#expect(type)
    return held
  }

  #recordOf(client: string, { id, refreshes }: Held, scope = ['todo:read']): string {
    return JSON.stringify({ clientId: client, scope, refreshTokenId: hashOf(`${id}r${refreshes}`) })
  }

  async #refresh({ user }: Inside, client: string, held: Held): Promise<void> {
    const presented = hashOf(`${held.id}r${held.refreshes}`)
    const { grant: before, waitSeconds } = await user.snapshot(held.id, presented, true)
    if (before === null || waitSeconds > 0) throw new Error('a refresh is refused')
    const { scope = [] } = parseGrantRecord(before)
    held.refreshes += 1
    held.refreshedAtMs = clock.nowMs
    const endsAt = nowSeconds() + 3600
    const token = { expiresAt: endsAt, audience: 'x', scope, grant: { clientId: client, scope } }
    const { outcome } = await user.commit(held.id, {
      before,
      presented,
      spent: { hash: presented, answer: 'a'.repeat(900), asked: '[null,[]]', network: NETWORK },
      writes: [
        [
          grantKey(held.id),
          { value: this.#recordOf(client, held, scope), expiresAtSeconds: nowSeconds() + 30 * 24 * 3600 },
        ],
        [tokenKey(held.id, this.#tokenOf(held)), { value: JSON.stringify(token), expiresAtSeconds: endsAt }],
      ],
    })
    if (outcome !== 'done') throw new Error(`a refresh: ${outcome}`)
    this.#expect('grant.refreshed')
  }

  #tokenOf = ({ id, refreshes }: Held): string => hashOf(`${id}t${refreshes}`)

  /** One call of forty kinds: most are reads. */
  async #call(inside: Inside, client: string, { held, day }: { held: Held; day: number }): Promise<void> {
    const kind = (this.#calls += 1) % 40
    const {
      grant: _grant,
      client: _client,
      ...call
    } = intent({ tool: 'listTodos', effect: 'read', facts: FACTS })
    const entry: Entry = {
      grant: held.id,
      token: this.#tokenOf(held),
      audience: 'x',
      session: held.session,
      policy: HEAD,
      ask: askAbout('listTodos'),
      needs: { scopes: ['todo:read'], tool: 'listTodos', network: NETWORK },
      call: { ...call, key: null, transport: held.session === null ? 'stateless' : 'session' },
    }
    if (kind === 7) return this.#deny(inside, { ...entry, token: 'made-up' })
    if (kind === 11) {
      const refused = { tool: 'addTodo', reason: 'arguments', facts: FACTS }
      return this.#deny(inside, { ...entry, call: null, refused })
    }
    if (kind === 17) return this.#stepUp(inside, entry, day)
    if (kind === 37) {
      const answer = {
        client,
        nonce: crypto.randomUUID(),
        endsAtSeconds: nowSeconds() + 600,
        isDeclined: true,
      }
      return this.#deny(inside, { ...entry, call: { ...call, key: null, answer } })
    }
    const lastKey = this.#keys.get(client)
    if (kind === 4 && lastKey !== undefined) return this.#deny(inside, this.#keyed(entry, lastKey))
    if (kind % 10 === 3 && kind !== 33) {
      const key = `${day} ${this.#calls}`
      this.#keys.set(client, key)
      return this.#run(inside, this.#keyed(entry, key), 'done')
    }
    // Nobody reports the outcome: it becomes unknown after two minutes.
    if (kind === 29) return this.#run(inside, entry, null)
    return this.#run(inside, entry, kind === 33 ? 'failed' : 'done', kind === 31 ? 5000 : 10)
  }

  #keyed(entry: Entry, key: string): Entry {
    const { call } = entry
    if (call === null) throw new Error('nothing is called')
    return { ...entry, call: { ...call, tool: 'addTodo', effect: 'write', key } }
  }

  async #deny({ user }: Inside, entry: Entry): Promise<void> {
    const { start } = await user.enter(entry)
    if (start?.verdict === 'go') throw new Error(`it began: ${JSON.stringify(entry)}`)
    this.#expect('call.denied')
  }

  async #run(inside: Inside, entry: Entry, outcome: CallOutcome | null, ms = 10): Promise<void> {
    const { user } = inside
    const { start, waitSeconds } = await user.enter(entry)
    if (start?.verdict !== 'go') throw new Error(`a call: ${start?.verdict}, wait ${waitSeconds} s`)
    this.#expect('intent')
    await this.#passTo(inside, clock.nowMs + ms)
    this.#expect(outcome ?? 'unknown')
    if (outcome === null) return
    const result = entry.call?.key === null ? null : '{"structured":{},"text":"Added."}'
    await user.endCall(start.call, outcome, result, {
      ms,
      api: { requests: 1, status: 200, ms, bytesSent: 9, bytesReceived: 99 },
    })
  }

  /** Each grant is widened once. Later the user denies what a client asks for. */
  async #stepUp({ user }: Inside, entry: Entry, day: number): Promise<void> {
    const needs = { scopes: [...SCOPES, 'todo:admin'], tool: 'addTodo', network: NETWORK }
    const { stepUp } = await user.enter({ ...entry, needs })
    this.#expect('call.denied')
    if (stepUp?.state !== 'open') return
    this.#expect('step-up.asked')
    const by = { issuer: 'https://auth.pingone.test/7f9a1f2e/as', subject: 'busy' }
    if (day % 2 === 0) {
      await user.denyStepUp(stepUp.id, by)
      return this.#expect('step-up.denied')
    }
    const outcome = await user.approveStepUp(stepUp.id, {
      ...by,
      scopes: SCOPES,
      downstreamScopes: SCOPES,
      accessToken: crypto.randomUUID(),
      refreshToken: crypto.randomUUID(),
      downstreamEndsAtSeconds: nowSeconds() + 365 * 24 * 3600,
      environment: null,
      pingOneSession: 'sid',
    })
    if (outcome !== 'widened') return
    this.#expect('step-up.approved')
    this.#expect('grant.widened')
  }

  /** The user's own pages, the end of a session, and now and then that of a grant. */
  async #evening({ user }: Inside, day: number): Promise<void> {
    const session = this.#held.get('client-a')
    // Every other session is left to the idle limit.
    if (session?.session != null && day % 2 === 0) {
      await user.closeSession(session.session)
    }
    if (session !== undefined) session.session = null
    if (day % 3 !== 0) return
    const page = hashOf(`p${day}`)
    await user.useSignIn(`sign-in-${day}`, 'attempt', nowSeconds() + 600)
    await user.openPage(page, {
      userName: 'Ada',
      pingOneSession: 'sid',
      authenticatedAtSeconds: nowSeconds(),
    })
    this.#expect('account.signed-in')
    const grant = this.#held.get('client-b')
    if (day % 30 === 15 && grant !== undefined) {
      await user.endFromPage(page, grant.id)
      this.#held.delete('client-b')
    }
    if (day % 6 === 0) {
      await user.closePage(page)
      this.#expect('account.signed-out')
    }
    await operate(user, day, (type) => this.#expect(type))
  }

  #expect(type: string): void {
    add(this.expected, type, 1)
  }
}
