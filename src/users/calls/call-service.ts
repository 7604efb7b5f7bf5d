import type { Config } from '#config.ts'
import { toBase64Url } from '#lib/hash.ts'
import { log } from '#lib/log.ts'
import { redacted } from '#lib/redacted.ts'
import { deriveSigningKey, encryptionPurposes, type RootKey, signingPurposes } from '#lib/root-keys.ts'
import { decrypt, encrypt } from '../base/encryption.ts'
import type { WakeTime } from '../base/wake-time.ts'
import type { ConfirmationTable } from '../requests/confirmations.ts'
import type { Grant } from '../grants/grant.ts'
import type { GrantRecordService } from '../grants/grant-record-service.ts'
import type { GrantTable } from '../grants/grant-table.ts'
import type { SessionTable } from '../sessions/sessions.ts'
import type { DownstreamService } from '../tokens/downstream-service.ts'
import { type CallTable, type EarlierCall, LOST_AFTER_MS, type RecordedIntent } from './call-table.ts'
import type { CallIntent, CallOutcome, CallStart, ReadEnd, RefusedToken } from './calls.ts'

interface CallServiceDeps {
  config: () => Config
  nowMs: () => number
  grants: GrantTable
  records: Pick<GrantRecordService, 'hasToken'>
  calls: CallTable
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
/** How long a duplicate write waits for the original. */
const DUPLICATE_WAIT_MS = 3000

/** Begins and ends the tool calls of one user (decision 17). */
export class CallService {
  readonly #deps: CallServiceDeps
  readonly #ends = new CallEnds()
  #warnedAtMs = -Infinity

  constructor(deps: CallServiceDeps) {
    this.#deps = deps
  }

  /**
   * `session`: the session that makes the call. Stores the intent, then answers with a live downstream token: no effect without a record (invariant 8).
   * @step tool-call 2 the stored intent
   */
  async begin(given: CallIntent, session: string | null = null): Promise<CallStart> {
    const { config, nowMs, grants, records, calls, sessions, wake } = this.#deps
    const intent: RecordedIntent = { ...given, digests: await this.#digestsOf(given.argumentsDigest) }
    const running = calls.earlier(intent)
    if (running?.verdict === 'running') await this.#ends.wait(running.call)
    const grant = grants.readLive(intent.grant)
    if (grant === null || grant.client !== intent.client) return { verdict: 'ended' }
    // The grant goes on, so the client gets a 401 at its next try, and refreshes.
    if (intent.token !== undefined && !records.hasToken(grant.id, intent.token))
      return { verdict: 'unavailable', retryAfterSeconds: 1 }
    const earlier = calls.earlier(intent)
    if (earlier !== null) return answerEarlier(config(), earlier)
    const noUse = this.#useAnswer(intent)
    if (noUse !== null) return noUse
    if (
      calls.begin(intent.step === 'describe' ? { ...intent, ...DESCRIPTION } : intent) === 'too_many_keys'
    ) {
      this.#warnTooManyKeys(intent.grant)
      return { verdict: 'unavailable', retryAfterSeconds: KEYS_RETRY_SECONDS }
    }
    if (session !== null) sessions.markSeen(session)
    wake.noLaterThan(Math.ceil((nowMs() + LOST_AFTER_MS) / 1000))
    const start = await this.#startOf(grant, intent)
    if (start.verdict !== 'go') this.#end(intent.transaction, 'refused', null)
    return start
  }

  /** Uses the user's answer up; null: the call may begin. */
  #useAnswer(intent: RecordedIntent): CallStart | null {
    const { answer, grant, client, transaction } = intent
    if (answer === undefined) return null
    const { nonce, endsAtSeconds } = answer
    const use = { grant, nonce, attempt: transaction, endsAtSeconds }
    if (answer.client !== client || !this.#deps.confirmations.use(use)) return { verdict: 'bad_answer' }
    return answer.isDeclined ? { verdict: 'declined' } : null
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
  async end(call: string, outcome: CallOutcome, result: string | null): Promise<void> {
    const { config, grants, calls, wake } = this.#deps
    const grant = result === null ? null : calls.keepsResultFor(call)
    if (result === null || grant === null) return this.#end(call, outcome, null)
    const encrypted = await encryptResult(config(), grant, result)
    // Checked after encryption: no result is stored for a grant that ended meanwhile.
    this.#end(call, outcome, grants.readLive(grant) === null ? null : encrypted)
    wake.noLaterThan(calls.nextSeconds())
  }

  /** Outcomes of reads, which the Worker sends together. */
  endReads(ends: readonly ReadEnd[]): void {
    for (const { call, outcome } of ends) this.#end(call, outcome, null)
  }

  /** HMACs under a key of each root key: storage alone does not allow guessing. Plain digests are still recognised. */
  async #digestsOf(digest: string): Promise<readonly [string, ...string[]]> {
    const [active, ...older] = this.#deps.config().rootKeys
    const text = new TextEncoder().encode(`${this.#deps.userName()}\n${digest}`)
    const under = async (root: RootKey) =>
      `${root.id}.${toBase64Url(await crypto.subtle.sign('HMAC', await deriveSigningKey(root, DIGEST_PURPOSE), text))}`
    return [await under(active), ...(await Promise.all(older.map(under))), digest]
  }

  /** Logs at most one line a minute. */
  #warnTooManyKeys(grant: string): void {
    const nowMs = this.#deps.nowMs()
    if (nowMs - this.#warnedAtMs < 60_000) return
    this.#warnedAtMs = nowMs
    log.warn('limit.reached', { limit: 'keys', grant })
  }

  #end(call: string, outcome: CallOutcome, encrypted: string | null): void {
    const isFirst = this.#deps.calls.end(call, outcome, encrypted)
    // A call that certainly changed nothing gives the user's answer back. A later report of it does not count.
    if (isFirst && (outcome === 'refused' || outcome === 'failed')) this.#deps.confirmations.giveBack(call)
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
