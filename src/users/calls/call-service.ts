import type { Config } from '#config.ts'
import type { EndFacts } from '#events/call-facts.ts'
import type { StoredArguments } from '#events/event.ts'
import { toBase64Url } from '#lib/hash.ts'
import { log } from '#lib/log.ts'
import { redacted } from '#lib/redacted.ts'
import { deriveSigningKey, encryptionPurposes, type RootKey, signingPurposes } from '#lib/root-keys.ts'
import { decrypt, encrypt } from '../base/encryption.ts'
import type { WakeTime } from '../base/wake-time.ts'
import type { ConfirmationTable } from '../requests/confirmations.ts'
import type { Outbox } from '../audit/outbox.ts'
import { eventClient, type Grant } from '../grants/grant.ts'
import type { GrantRecordService } from '../grants/grant-record-service.ts'
import type { GrantTable } from '../grants/grant-table.ts'
import type { SessionTable } from '../sessions/sessions.ts'
import type { DownstreamService } from '../tokens/downstream-service.ts'
import type { EarlierCall } from './call-keys.ts'
import { LOST_AFTER_MS } from './call-rows.ts'
import type { CallEnd, CallTable, RecordedIntent } from './call-table.ts'
import type { CallIntent, CallOutcome, CallStart, ReadEnd, RefusedToken } from './calls.ts'
import type { DenialReason, DenialService } from './denials.ts'

interface CallServiceDeps {
  config: () => Config
  nowMs: () => number
  grants: GrantTable
  records: Pick<GrantRecordService, 'hasToken'>
  calls: CallTable
  denials: DenialService
  outbox: Pick<Outbox, 'emit' | 'hasRoom'>
  downstream: DownstreamService
  confirmations: ConfirmationTable
  sessions: Pick<SessionTable, 'markSeen'>
  wake: WakeTime
  /** The name of this object. */
  userName: () => string
}

const DIGEST_PURPOSE = signingPurposes.argumentsDigest
const RESULT_PURPOSE = encryptionPurposes.callResult
/** The oldest key may stay valid for a day. */
const KEYS_RETRY_SECONDS = 3600
/** On record a call that describes is a read, and it uses no key up. */
const DESCRIPTION = { effect: 'read', key: null } as const
/** A full outbox drains once the audit log answers again. */
const FULL_RETRY_SECONDS = 60
/** How long a duplicate write waits for the original. */
const DUPLICATE_WAIT_MS = 3000

/** An intent with the digests of its arguments (call-table.ts). */
type KeyedCall = Omit<RecordedIntent, 'recorded'>

/** A call that may start, or its answer. `reason`: null where the caller has no grant, which leaves no event. */
type BegunCall = { grant: Grant } | { reason: DenialReason | null; answer: CallStart | Promise<CallStart> }

const unavailable = (retryAfterSeconds: number): CallStart => ({ verdict: 'unavailable', retryAfterSeconds })

/** Begins and ends the tool calls of one user (decision 17). */
export class CallService {
  readonly #deps: CallServiceDeps
  readonly #ends = new CallEnds()
  readonly #warnedAtMs = { keys: -Infinity, room: -Infinity }

  constructor(deps: CallServiceDeps) {
    this.#deps = deps
  }

  /**
   * Stores the intent, then answers with a live downstream token: no effect without a record (invariant 8).
   * `session`: the session that makes the call.
   * @step tool-call 2 the stored intent
   */
  async begin(given: CallIntent, session: string | null = null): Promise<CallStart> {
    const { calls, denials, nowMs } = this.#deps
    const [digests, kept] = await Promise.all([
      this.#digestsOf(given.argumentsDigest),
      given.facts === undefined ? undefined : denials.protect(given.facts),
    ])
    const running = calls.earlier({ ...given, digests })
    if (running?.verdict === 'running') await this.#ends.wait(running.call)
    // The checks and the record are one act.
    const begun = this.#record({ ...given, digests }, kept, session)
    if ('answer' in begun) {
      if (begun.reason !== null) await denials.ofCall(begun.reason, given.grant, { ...given, kept })
      return begun.answer
    }
    const beganMs = nowMs()
    const start = await this.#startOf(begun.grant, given)
    if (start.verdict !== 'go') {
      const ms = Math.max(0, Math.round(nowMs() - beganMs))
      this.#end(given.transaction, { outcome: 'refused', facts: { reason: start.verdict, ms } })
    }
    return start
  }

  /** Checks an intent and stores it. */
  #record(given: KeyedCall, kept: StoredArguments | undefined, session: string | null): BegunCall {
    const { config, nowMs, grants, records, calls, outbox, sessions, wake } = this.#deps
    const grant = grants.read(given.grant)
    if (grant === null) return { reason: null, answer: { verdict: 'ended' } }
    if (grant.ended !== null || grant.client !== given.client)
      return { reason: 'ended', answer: { verdict: 'ended' } }
    // The grant stays live, so the client gets a 401 at its next request and refreshes.
    if (given.token !== undefined && !records.hasToken(grant.id, given.token))
      return { reason: 'bearer', answer: unavailable(1) }
    const earlier = calls.earlier(given)
    if (earlier !== null) return { reason: earlier.verdict, answer: answerEarlier(config(), earlier) }
    const intent = given.step === 'describe' ? { ...given, ...DESCRIPTION } : given
    const isRecorded = outbox.hasRoom('common') || calls.has(given.transaction)
    if (!isRecorded) this.#warnNoRoom()
    if (!isRecorded && !this.#mayRunUnrecorded(intent))
      return { reason: 'not_recorded', answer: unavailable(FULL_RETRY_SECONDS) }
    const unused = this.#useAnswer(given)
    if (unused !== null) return { reason: unused, answer: { verdict: unused } }
    const recorded = { client: eventClient(grant), arguments: kept }
    if (isRecorded && calls.begin({ ...intent, recorded }) === 'too_many_keys') {
      this.#warnTooManyKeys(given.grant)
      return { reason: 'too_many_keys', answer: unavailable(KEYS_RETRY_SECONDS) }
    }
    if (isRecorded) wake.noLaterThan(Math.ceil((nowMs() + LOST_AFTER_MS) / 1000))
    else outbox.emit({ type: 'reads.not-recorded', count: 1, lastAt: new Date(nowMs()).toISOString() })
    if (session !== null) sessions.markSeen(session)
    return { grant }
  }

  /** Reads may run while the audit log cannot store their intents, if the setting allows it. They are counted. */
  #mayRunUnrecorded({ effect }: Pick<CallIntent, 'effect'>): boolean {
    return effect === 'read' && this.#deps.config().audit.allowsUnrecordedReads
  }

  /** Uses the user's answer up; null: the call may begin. */
  #useAnswer({ answer, grant, client, transaction }: CallIntent): 'bad_answer' | 'declined' | null {
    if (answer === undefined) return null
    const { nonce, endsAtSeconds } = answer
    const use = { grant, nonce, attempt: transaction, endsAtSeconds }
    if (answer.client !== client || !this.#deps.confirmations.use(use)) return 'bad_answer'
    return answer.isDeclined ? 'declined' : null
  }

  /** A newer token for a running call. The call ends itself: it may have had an effect before the API refused the token. */
  async renew({ grant: id, client, ...request }: RefusedToken): Promise<CallStart> {
    const grant = this.#deps.grants.readLive(id)
    if (grant === null || grant.client !== client) return { verdict: 'ended' }
    return this.#startOf(grant, request)
  }

  async #startOf(grant: Grant, request: { transaction: string; refused?: string }): Promise<CallStart> {
    const live = await this.#deps.downstream.live(grant, request)
    if (live.verdict !== 'go') return live
    const user = { name: grant.userName }
    return { verdict: 'go', call: request.transaction, downstreamToken: live.token, user }
  }

  /**
   * @step tool-call 9 the stored outcome
   */
  async end(call: string, outcome: CallOutcome, result: string | null, facts?: EndFacts): Promise<void> {
    const { config, grants, calls, wake } = this.#deps
    const grant = result === null ? null : calls.keys.keepsResultFor(call)
    if (result === null || grant === null) return this.#end(call, { outcome, facts })
    const encrypted = await encryptResult(config(), grant, result)
    // Checked after encryption: no result is stored for a grant that ended meanwhile.
    this.#end(call, { outcome, facts, encrypted: grants.readLive(grant) === null ? null : encrypted })
    wake.noLaterThan(calls.nextSeconds())
  }

  /** Outcomes of reads, which the Worker sends together. */
  endReads(ends: readonly ReadEnd[]): void {
    for (const { call, outcome, facts } of ends) this.#end(call, { outcome, facts })
  }

  /** HMACs under a key of each root key: storage alone does not allow guessing. Plain digests are still recognised. */
  async #digestsOf(digest: string): Promise<readonly [string, ...string[]]> {
    const [active, ...older] = this.#deps.config().rootKeys
    const text = new TextEncoder().encode(`${this.#deps.userName()}\n${digest}`)
    const under = async (root: RootKey) =>
      `${root.id}.${toBase64Url(await crypto.subtle.sign('HMAC', await deriveSigningKey(root, DIGEST_PURPOSE), text))}`
    return [await under(active), ...(await Promise.all(older.map(under))), digest]
  }

  /** Logs at most one line a minute, like the next one. */
  #warnTooManyKeys(grant: string): void {
    if (this.#isNewsOf('keys')) log.warn('limit.reached', { limit: 'keys', grant })
  }

  #warnNoRoom(): void {
    if (this.#isNewsOf('room')) log.error('audit.no-room', { type: 'call' })
  }

  #isNewsOf(limit: 'keys' | 'room'): boolean {
    const nowMs = this.#deps.nowMs()
    if (nowMs - this.#warnedAtMs[limit] < 60_000) return false
    this.#warnedAtMs[limit] = nowMs
    return true
  }

  #end(call: string, end: CallEnd): void {
    const isFirst = this.#deps.calls.end(call, end)
    // A call that certainly changed nothing gives the user's answer back. A later report of it does not count.
    if (isFirst && (end.outcome === 'refused' || end.outcome === 'failed'))
      this.#deps.confirmations.giveBack(call)
    this.#ends.signal(call)
  }
}

/** Duplicate writes that wait for the end of the original. In memory only: after a crash the row has the outcome. */
class CallEnds {
  readonly #waiting = new Map<string, PromiseWithResolvers<void>>()

  async wait(call: string): Promise<void> {
    const waiting = this.#waiting.get(call) ?? Promise.withResolvers<void>()
    this.#waiting.set(call, waiting)
    const timer = setTimeout(() => this.signal(call), DUPLICATE_WAIT_MS)
    await waiting.promise
    clearTimeout(timer)
  }

  signal(call: string): void {
    this.#waiting.get(call)?.resolve()
    this.#waiting.delete(call)
  }
}

/** null if encryption fails: the outcome is then stored without the result. */
async function encryptResult(config: Config, grant: string, result: string): Promise<string | null> {
  try {
    return await encrypt(config.rootKeys, { purpose: RESULT_PURPOSE, grant }, result)
  } catch (error) {
    const detail = redacted(error instanceof Error ? error.message : '')
    log.error('call.result-not-kept', { grant, detail })
    return null
  }
}

/** The answer to a call whose key was used before. */
async function answerEarlier(
  config: Config,
  { verdict, call, grant, encrypted }: EarlierCall,
): Promise<CallStart> {
  if (verdict !== 'repeat') return { verdict, call }
  if (encrypted === null) return { verdict, call, result: null }
  const opened = await decrypt(config.rootKeys, { purpose: RESULT_PURPOSE, grant }, encrypted)
  // Without its key the result is unreadable, but the call is still known to be done.
  return { verdict, call, result: opened.ok ? opened.value : null }
}
