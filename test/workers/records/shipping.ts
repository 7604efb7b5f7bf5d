import { runInDurableObject } from 'cloudflare:test'
import { env } from 'cloudflare:workers'
import type { NewEvent } from '#events/event.ts'
import type { AuditStore, Batch } from '#events/store.ts'
import { ChainState } from '#users/audit/chain-state.ts'
import { Directory } from '#users/audit/directory.ts'
import { Outbox } from '#users/audit/outbox.ts'
import { Sequence } from '#users/audit/sequence.ts'
import { Shipper } from '#users/audit/shipper.ts'
import type { UserStorage } from '#users/base/step.ts'
import { Grant } from '#users/grants/grant.ts'
import { MemoryAuditStore } from '../memory-audit-store.ts'

export const USER = 'user-of-this-test'

const grant = Grant.parse({
  id: 'g1',
  client: 'client-a',
  shown: { name: 'Client A', domain: 'agent.example.com', redirectUri: 'http://localhost/done' },
  userName: 'Ada',
  preferredUsername: 'ada',
  openedAtSeconds: 1,
  downstreamScopes: [],
  tenant: { issuer: 'i', clientId: 'c', audience: 'a', environment: null },
  encrypted: '',
  downstreamEndsAtSeconds: 1,
  usedAtSeconds: 1,
  ended: null,
})

/** One object's outbox and shipper over its storage, and an audit log that outlives both. */
export class Scene {
  readonly log = new MemoryAuditStore()
  /** When the object asked to be woken, in seconds. */
  readonly wakes: number[] = []
  nowMs = Date.parse('2026-11-01T12:00:00Z')
  /** What happens while a batch is on its way. */
  during: () => void = () => {}
  readonly #storage: DurableObjectStorage
  outbox!: Outbox
  sequence!: Sequence
  shipper!: Shipper
  chain!: ChainState

  constructor(storage: DurableObjectStorage) {
    this.#storage = storage
    this.restart()
    this.outbox.create()
  }

  /** The object again, as after an eviction: memory is lost, storage is not. */
  restart(): void {
    const { kv } = this.#storage
    const nowMs = () => this.nowMs
    const storage: UserStorage = { kv, sql: this.#storage.sql, setAlarm: () => {} }
    const [chain, sources] = [new ChainState(kv, nowMs), () => [this.outbox]]
    const sequence = new Sequence(kv, sources, (last) => this.shipper.note(last))
    this.sequence = sequence
    this.chain = chain
    const grants = { all: () => [grant], read: (id: string) => (id === 'g1' ? grant : null) }
    this.outbox = new Outbox({ storage, sequence, nowMs, shipped: () => chain.shipped, grants })
    this.shipper = new Shipper({
      kv,
      nowSeconds: () => Math.floor(this.nowMs / 1000),
      chain,
      sequence,
      sources,
      user: USER,
      app: () => 'todos',
      store: () => this.#store(),
      directory: new Directory({
        kv,
        nowMs,
        user: USER,
        names: () => ({ userName: 'Ada', preferredUsername: 'ada' }),
        config: () => {
          throw new Error('no grant was opened, so no name is sent')
        },
      }),
      wake: { noLaterThan: (seconds) => void (seconds !== null && this.wakes.push(seconds)) },
      webhooks: { add: () => {} },
      deadlineMs: 5,
    })
  }

  emit(event: NewEvent): void {
    this.outbox.emit(event)
  }

  /** Ships until nothing waits. */
  async drain(): Promise<void> {
    for (let count = 0; this.shipper.state().waiting > 0 && count < 50; count += 1) await this.shipper.run()
  }

  /** Puts the object back to how it is now, by what this returns. */
  save(): () => void {
    const { kv, sql } = this.#storage
    const values = Array.from(kv.list())
    const rows = Array.from(sql.exec('SELECT * FROM outbox').raw())
    return () => {
      for (const [key] of Array.from(kv.list())) kv.delete(key)
      for (const [key, value] of values) kv.put(key, value)
      sql.exec('DELETE FROM outbox')
      for (const row of rows) sql.exec(`INSERT INTO outbox VALUES (${row.map(() => '?').join(', ')})`, ...row)
      this.restart()
    }
  }

  exec(statement: string, ...values: (string | number)[]) {
    return this.#storage.sql.exec(statement, ...values).toArray()
  }

  #store(): AuditStore {
    return {
      append: async (batch: Batch) => {
        this.during()
        return this.log.append(batch)
      },
      forget: (user) => this.log.forget(user),
    }
  }
}

export const withScene = (act: (scene: Scene) => Promise<void>): Promise<void> =>
  runInDurableObject(env.USER.getByName(crypto.randomUUID()), (_user, { storage }) => act(new Scene(storage)))
