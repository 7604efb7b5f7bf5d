import { generateKeyPairSync } from 'node:crypto'
import { CompactSign, importJWK } from 'jose'
import type { AuditPublicKey, ListKind } from '#audit/list-proof.ts'
import type { AuditLogReader } from '#audit/verify.ts'
import {
  type ChainedEvent,
  type ChainHead,
  GENESIS,
  hashOf,
  HeadListDigest,
  type Place,
} from '#events/chain.ts'
import type { AuditEvent } from '#events/event.ts'
import { sha256Hex } from '#lib/hash.ts'
import { uuidv7 } from '#lib/uuid.ts'

/** A log as its tables hold it. Tests change it. */
export interface StoredLog {
  events: ChainedEvent[]
  lists: { kind: ListKind; n: number; jws: string }[]
  entries: (ChainHead & { kind: ListKind; n: number })[]
}

export interface AuditTestKey {
  readonly jwk: { kty: 'OKP'; crv: 'Ed25519'; x: string; d: string; kid: string }
  readonly published: AuditPublicKey
}

export function makeAuditKey(kid = 'audit-1'): AuditTestKey {
  const { x = '', d = '' } = generateKeyPairSync('ed25519').privateKey.export({ format: 'jwk' })
  const published = { kty: 'OKP', crv: 'Ed25519', x, kid } as const
  return { jwk: { ...published, d }, published }
}

const START_MS = Date.UTC(2026, 0, 1)
const byPlace = (one: Place, other: Place): number =>
  one.chain < other.chain ? -1 : one.chain > other.chain ? 1 : one.epoch - other.epoch || one.seq - other.seq

/** Writes an honest log, as users' objects and the daily run do. */
export class AuditLogWriter {
  readonly log: StoredLog = { events: [], lists: [], entries: [] }
  readonly #key: AuditTestKey
  readonly #last = new Map<string, ChainHead>()
  #atMs = START_MS

  constructor(key: AuditTestKey) {
    this.#key = key
  }

  /** Appends events to the newest epoch of a chain; the first one opens it. */
  async append(chain: string, count: number): Promise<void> {
    for (let done = 0; done < count; done += 1) {
      const last = this.#last.get(chain)
      await this.#add(
        chain,
        last?.epoch ?? 1,
        last === undefined ? null : { type: 'security', finding: `f${done}` },
      )
    }
  }

  /** The object was restored: another epoch follows the last event. */
  async restore(chain: string): Promise<void> {
    await this.#add(chain, (this.#last.get(chain)?.epoch ?? 0) + 1, null)
  }

  async #add(
    chain: string,
    epoch: number,
    what: { type: 'security'; finding: string } | null,
  ): Promise<void> {
    const last = this.#last.get(chain)
    const isFirst = last?.epoch !== epoch
    this.#atMs += 1000
    const base = { id: uuidv7(this.#atMs), at: new Date(this.#atMs).toISOString(), app: 'todos', user: chain }
    const previous = last === undefined ? null : { epoch: last.epoch, seq: last.seq, hash: last.hash }
    const event: AuditEvent =
      isFirst || what === null ? { ...base, type: 'chain.opened', previous } : { ...base, ...what }
    const place = { chain, epoch, seq: isFirst ? 1 : last.seq + 1 }
    const body = JSON.stringify(event)
    const hash = await hashOf(isFirst ? GENESIS : last.hash, place, body)
    this.log.events.push({ ...place, body, hash })
    this.log.events.sort(byPlace)
    this.#last.set(chain, { ...place, hash })
  }

  /** Signs a head of everything that is there. */
  async signHead(): Promise<void> {
    const heads = new Map(this.log.events.map((event) => [`${event.chain} ${event.epoch}`, event]))
    await this.#sign(
      'head',
      [...heads.values()].map(({ chain, epoch, seq, hash }) => ({ chain, epoch, seq, hash })),
    )
  }

  /** Removes the first events of an epoch, with a signed checkpoint. */
  async checkpoint({ chain, epoch, seq }: Place): Promise<void> {
    const last = this.log.events.find((event) => byPlace(event, { chain, epoch, seq }) === 0)
    if (last === undefined) throw new Error('no event to end at')
    await this.#sign('checkpoint', [{ chain, epoch, seq, hash: last.hash }])
    this.log.events = this.log.events.filter(
      (event) => event.chain !== chain || event.epoch !== epoch || event.seq > seq,
    )
  }

  async #sign(kind: ListKind, heads: readonly ChainHead[]): Promise<void> {
    const before = this.log.lists.findLast((list) => list.kind === kind)
    const n = (before?.n ?? 0) + 1
    for (const head of heads) {
      const old = this.log.entries.findLast(
        (entry) => entry.kind === kind && entry.chain === head.chain && entry.epoch === head.epoch,
      )
      if (old?.seq !== head.seq) this.log.entries.push({ ...head, kind, n })
    }
    const digest = new HeadListDigest()
    for await (const entry of readerOf(this.log).entries(kind, n)) await digest.add(entry)
    this.#atMs += 1000
    const at = new Date(this.#atMs).toISOString()
    const previous = before === undefined ? null : await sha256Hex(before.jws)
    const claims = { v: 1, kind, app: 'todos', n, at, ...digest.value, previous }
    const jws = await new CompactSign(new TextEncoder().encode(JSON.stringify(claims)))
      .setProtectedHeader({ alg: 'EdDSA', kid: this.#key.jwk.kid })
      .sign(await importJWK(this.#key.jwk, 'EdDSA'))
    this.log.lists.push({ kind, n, jws })
  }
}

/** Computes all hashes of an epoch anew, from one number on: what someone does who can write to D1. */
export async function rehash(log: StoredLog, { chain, epoch, seq }: Place): Promise<void> {
  let previous = GENESIS
  for (const event of log.events.toSorted(byPlace)) {
    if (event.chain !== chain || event.epoch !== epoch) continue
    if (event.seq >= seq) event.hash = await hashOf(previous, event, event.body)
    previous = event.hash
  }
}

export const copyOf = (log: StoredLog): StoredLog => structuredClone(log)

async function* each<T>(items: readonly T[]): AsyncGenerator<T> {
  yield* items
}

/** Reads the tables in the promised order. */
export function readerOf(log: StoredLog): AuditLogReader {
  return {
    lists: (kind) =>
      each(log.lists.filter((list) => list.kind === kind).toSorted((one, other) => one.n - other.n)),
    entries: (kind, n) => {
      const newest = new Map<string, ChainHead & { n: number }>()
      for (const entry of log.entries) {
        const key = `${entry.chain} ${entry.epoch}`
        if (entry.kind === kind && entry.n <= n && (newest.get(key)?.n ?? 0) <= entry.n)
          newest.set(key, entry)
      }
      return each([...newest.values()].toSorted(byPlace))
    },
    lastEntry: async (kind) =>
      Math.max(0, ...log.entries.filter((entry) => entry.kind === kind).map(({ n }) => n)),
    events: () => each(log.events.toSorted(byPlace)),
    repeatedIds: () => {
      const withId = log.events.map((event) => ({ ...event, id: idOf(event.body) }))
      return each(withId.filter(({ id }) => withId.filter((other) => other.id === id).length > 1))
    },
  }
}

export function idOf(body: string): string {
  const json: unknown = JSON.parse(body)
  const isThere = typeof json === 'object' && json !== null && 'id' in json && typeof json.id === 'string'
  return isThere ? String(json.id) : ''
}
