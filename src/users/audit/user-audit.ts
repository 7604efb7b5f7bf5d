import type { Config } from '#config.ts'
import type { AuditStore } from '#events/store.ts'
import type { WebhookSender } from '#lib/signed-webhook.ts'
import type { UserStorage } from '../base/step.ts'
import type { WakeTime } from '../base/wake-time.ts'
import type { GrantTable } from '../grants/grant-table.ts'
import type { OperatorTable } from '../operators/operator-table.ts'
import { AuditKey } from './audit-key.ts'
import { ChainState } from './chain-state.ts'
import { Directory } from './directory.ts'
import { Outbox } from './outbox.ts'
import { type EventSource, Sequence } from './sequence.ts'
import { Shipper } from './shipper.ts'
import { WebhookService } from './webhook.ts'

interface UserAuditDeps {
  storage: UserStorage
  wake: WakeTime
  nowMs: () => number
  config: () => Config
  /** The name of the object. */
  user: string
  grants: GrantTable
  operators: Pick<OperatorTable, 'isSignedIn' | 'names'>
  store: () => AuditStore
  webhook: () => WebhookSender | null
  afterAnswer: (work: Promise<void>) => void
  /** Tables beside the outbox whose rows are events. */
  otherSources: () => readonly EventSource[]
}

/** What a user's object has of the audit log, put together. */
export class UserAudit {
  readonly sequence: Sequence
  readonly outbox: Outbox
  readonly auditKey: AuditKey
  readonly directory: Directory
  readonly webhooks: WebhookService
  readonly shipper: Shipper

  constructor(deps: UserAuditDeps) {
    const { storage, wake, nowMs, config, user, grants, operators, store, webhook, afterAnswer } = deps
    const { otherSources } = deps
    const { kv } = storage
    const nowSeconds = () => Math.floor(nowMs() / 1000)
    const chain = new ChainState(kv, nowMs)
    const sources = () => [this.outbox, ...otherSources()]
    const sequence = new Sequence(kv, sources, (last) => this.shipper.note(last))
    this.sequence = sequence
    this.outbox = new Outbox({ storage, sequence, nowMs, shipped: () => chain.shipped, grants })
    const mayHaveKey = () => grants.live().length > 0 || operators.isSignedIn
    this.auditKey = new AuditKey({ kv, config, user, mayHaveKey })
    const names = () => {
      const [{ userName, preferredUsername }, asOperator] = [grants.newestNames(), operators.names]
      return {
        userName: userName ?? asOperator.userName,
        preferredUsername: preferredUsername ?? asOperator.preferredUsername,
      }
    }
    this.directory = new Directory({ kv, config, nowMs, user, names })
    this.webhooks = new WebhookService({ kv, nowSeconds, sender: webhook, wake, afterAnswer })
    this.shipper = new Shipper({
      kv,
      nowSeconds,
      chain,
      sequence,
      sources,
      user,
      app: () => config().app,
      store,
      directory: this.directory,
      wake,
      webhooks: this.webhooks,
    })
  }
}
