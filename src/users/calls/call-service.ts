import type { Config } from '#config.ts'
import { toBase64Url } from '#lib/hash.ts'
import { log } from '#lib/log.ts'
import { deriveSigningKey, type RootKey } from '#lib/root-keys.ts'
import type { CallLog } from './call-log.ts'
import { answerEarlier, encryptResult } from './call-results.ts'
import { LOST_AFTER_MS } from './call-sweep.ts'
import type { CallIntent, CallOutcome, CallStart } from './calls.ts'
import { CallsUnderWay } from './calls-under-way.ts'
import type { DownstreamService } from '../tokens/downstream-service.ts'
import type { GrantTable } from '../grants/grant-table.ts'
import type { WakeTime } from '../base/wake-time.ts'

export interface CallServiceDeps {
  config: () => Config
  nowMs: () => number
  grants: GrantTable
  calls: CallLog
  downstream: DownstreamService
  wake: WakeTime
  /** The name of this object. */
  userName: () => string
}

const DIGEST_PURPOSE = 'arguments-digest'
/** The oldest key may hold for a day. */
const KEYS_RETRY_SECONDS = 3600

/** Where a tool call of one user begins and ends (decision 17). */
export class CallService {
  readonly #parts: CallServiceDeps
  readonly #underWay = new CallsUnderWay()
  #toldAtMs = -Infinity

  constructor(parts: CallServiceDeps) {
    this.#parts = parts
  }

  /** Stores the intent, then answers with a live downstream token: no effect without a record (invariant 8). */
  async begin(asked: CallIntent): Promise<CallStart> {
    const { config, nowMs, grants, calls, downstream, wake } = this.#parts
    const intent = { ...asked, digests: await this.#digestsOf(asked.argumentsDigest) }
    const running = calls.earlier(intent)
    if (running?.verdict === 'running') await this.#underWay.endOf(running.call)
    const grant = grants.readLive(intent.grant)
    if (grant === null || grant.client !== intent.client) return { verdict: 'ended' }
    const earlier = calls.begin(intent)
    if (earlier === 'too_many_keys') {
      this.#tellTooManyKeys(intent.grant)
      return { verdict: 'unavailable', retryAfterSeconds: KEYS_RETRY_SECONDS }
    }
    if (earlier !== null) return answerEarlier(config(), earlier)
    wake.noLaterThan(Math.ceil((nowMs() + LOST_AFTER_MS) / 1000))
    const live = await downstream.live(grant, intent)
    if (live.verdict === 'go') {
      const user = { name: grant.userName }
      return { verdict: 'go', call: intent.transaction, downstreamToken: live.token, user }
    }
    // Of a call that is under way `end` will tell: it may have done something before the API refused a token.
    if (intent.refused === undefined) this.#end(intent.transaction, 'refused', null)
    return live
  }

  async end(call: string, outcome: CallOutcome, result: string | null): Promise<void> {
    const { config, grants, calls, wake } = this.#parts
    const grant = result === null ? null : calls.keepsResultFor(call)
    if (result === null || grant === null) return this.#end(call, outcome, null)
    const encrypted = await encryptResult(config(), grant, result)
    // Looked at after encryption: nothing is kept for a grant that ended meanwhile.
    this.#end(call, outcome, grants.readLive(grant) === null ? null : encrypted)
    wake.noLaterThan(calls.nextSeconds())
  }

  /** HMAC under its own key derived from the root key, so that storage alone does not allow guessing. */
  async #digestsOf(digest: string): Promise<readonly [string, ...string[]]> {
    const [active, ...older] = this.#parts.config().rootKeys
    const text = new TextEncoder().encode(`${this.#parts.userName()}\n${digest}`)
    const under = async (root: RootKey) =>
      `${root.id}.${toBase64Url(await crypto.subtle.sign('HMAC', await deriveSigningKey(root, DIGEST_PURPOSE), text))}`
    return [await under(active), ...(await Promise.all(older.map(under))), digest]
  }

  /** At most one log line a minute. */
  #tellTooManyKeys(grant: string): void {
    const nowMs = this.#parts.nowMs()
    if (nowMs - this.#toldAtMs < 60_000) return
    this.#toldAtMs = nowMs
    log.warn('limit.reached', { limit: 'keys', grant })
  }

  #end(call: string, outcome: CallOutcome, encrypted: string | null): void {
    this.#parts.calls.end(call, outcome, encrypted)
    this.#underWay.tellEnd(call)
  }
}
