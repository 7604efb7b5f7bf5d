import { DurableObject } from 'cloudflare:workers'
import { z } from 'zod'
import type { PolicyDocument } from '#policy/document.ts'
import { Switch } from '#policy/switches.ts'
import type {
  ApplyOutcome,
  ConfirmOutcome,
  ControlApi,
  ControlState,
  Editor,
  SwitchOutcome,
} from './control-api.ts'
import { ControlStore } from './control-store.ts'
import { MOST_DOCUMENT_BYTES } from './documents.ts'
import { Head } from './head.ts'
import { PrimaryService } from './primary.ts'
import { ReplicaCopy } from './replica.ts'
import { PRIMARY, REPLICAS, ReplicaService } from './replicas.ts'

export interface ControlDeps {
  nowMs: () => number
  /** Milliseconds for one RPC to another of these objects. */
  deadlineMs: number
  /** The object of this name: the primary or a replica. */
  reach: (env: Env, name: string) => ControlApi
  /** Problems of a valid document with what this deployment offers. */
  lint: (env: Env, document: PolicyDocument) => string[]
  /** One sentence for each thing that the second allows and the first does not; empty: it does not widen. */
  widens: (before: PolicyDocument, after: PolicyDocument) => string[]
  /** Whether a deployment that widens access needs an editor's confirmation. */
  isShared: (env: Env) => boolean
}

const Role = z.enum([PRIMARY, ...REPLICAS])
const DocumentText = z.string().max(MOST_DOCUMENT_BYTES)
const Hash = z.string().regex(/^[\w-]{43}$/)
const Actor = z.strictObject({ user: z.string().min(1).max(64), act: z.string().min(1).max(64) })

/** One class for the primary and its replicas; the name of an object says which it is (control-api.ts). */
export const makeControl = (deps: ControlDeps) =>
  class extends DurableObject<Env> implements ControlApi {
    readonly #store = new ControlStore(this.ctx.storage)
    readonly #replicas = new ReplicaService({
      store: this.#store,
      reach: (name) => deps.reach(this.env, name),
      deadlineMs: deps.deadlineMs,
    })
    readonly #copy = new ReplicaCopy({
      store: this.#store,
      primary: () => deps.reach(this.env, PRIMARY),
      deadlineMs: deps.deadlineMs,
    })
    readonly #deciding = new PrimaryService({
      store: this.#store,
      replicas: this.#replicas,
      nowMs: () => deps.nowMs(),
      wake: () => this.#wake(),
      lint: (document) => deps.lint(this.env, document),
      widens: (before, after) => deps.widens(before, after),
      isShared: () => deps.isShared(this.env),
    })

    async readHead(): Promise<Head | null> {
      return this.#isPrimary() ? this.#store.head() : this.#copy.readHead()
    }

    async readDocument(hash: string): Promise<string | null> {
      const known = Hash.safeParse(hash)
      if (!known.success) return null
      return this.#isPrimary() ? this.#store.document(known.data) : this.#copy.readDocument(known.data)
    }

    async takeHead(head: Head, document: string): Promise<void> {
      if (this.#isPrimary()) throw new Error('the primary takes no head')
      return this.#copy.take(Head.parse(head), DocumentText.parse(document))
    }

    async adopt(text: string): Promise<Head | null> {
      return this.#primary().adopt(z.string().parse(text))
    }

    async state(): Promise<ControlState> {
      return this.#primary().state()
    }

    async apply(text: string, base: string, editor: Editor, isShared: boolean): Promise<ApplyOutcome> {
      const by = Actor.parse(editor)
      return this.#primary().apply(z.string().parse(text), Hash.parse(base), by, z.boolean().parse(isShared))
    }

    async rollBack(hash: string, base: string, editor: Editor, isShared: boolean): Promise<ApplyOutcome> {
      const by = Actor.parse(editor)
      return this.#primary().rollBack(Hash.parse(hash), Hash.parse(base), by, z.boolean().parse(isShared))
    }

    async confirm(hash: string, editor: Editor): Promise<ConfirmOutcome> {
      return this.#primary().confirm(Hash.parse(hash), Actor.parse(editor))
    }

    async drop(hash: string, editor: Editor): Promise<'done' | 'nothing-pending'> {
      Actor.parse(editor)
      return this.#primary().drop(Hash.parse(hash))
    }

    async switchOff(one: Switch): Promise<SwitchOutcome> {
      return this.#primary().switchOff(Switch.parse(one))
    }

    async switchOn(id: string): Promise<SwitchOutcome> {
      return this.#primary().switchOn(z.uuid().parse(id))
    }

    /** Only the primary sets one. */
    override async alarm(): Promise<void> {
      await this.#deciding.tidy()
    }

    #primary(): PrimaryService {
      if (!this.#isPrimary()) throw new Error('a replica decides nothing')
      return this.#deciding
    }

    /** The role is stored: the platform may leave the name out where an alarm woke the object. */
    #isPrimary(): boolean {
      const stored = this.#store.role()
      if (stored !== null) return stored === PRIMARY
      const role = Role.parse(this.ctx.id.name)
      this.#store.putRole(role)
      return role === PRIMARY
    }

    #wake(): void {
      const now = deps.nowMs()
      const times = [
        this.#replicas.isBehind() ? now + this.#replicas.retryAfterMs() : null,
        this.#deciding.nextEndMs(),
      ].filter((time) => time !== null)
      if (times.length === 0) void this.ctx.storage.deleteAlarm()
      else void this.ctx.storage.setAlarm(Math.max(Math.min(...times), now))
    }
  }
