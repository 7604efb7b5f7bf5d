import { z } from 'zod'
import type { Config } from '#config.ts'
import type { DirectoryEntry } from '#events/store.ts'
import { encrypt, type Place } from '../base/encryption.ts'
import {
  hashOfName,
  hashOfUsername,
  nameInDirectory,
  type UserNames,
  usernameInDirectory,
} from './directory-names.ts'

const ENTRY = 'audit-directory'
const FORGETTING = 'audit-forgetting'

const Entry = z.object({ isDue: z.boolean(), sentAtMs: z.number() })

const HOUR_MS = 3_600_000
/** By then every request to D1 that was under way has been stored or has failed. */
const SETTLED_MS = 60_000

interface DirectoryDeps {
  kv: DurableObjectStorage['kv']
  config: () => Config
  nowMs: () => number
  /** The name of this object. */
  user: string
  /** As the newest live grant or the last sign-in as an operator has them. */
  names: () => UserNames
}

/** Decides when the user's row of the directory is written, and has it deleted after an erasure. */
export class Directory {
  readonly #deps: DirectoryDeps

  constructor(deps: DirectoryDeps) {
    this.#deps = deps
  }

  /** A grant was opened, or an operator signed in. */
  renew(): void {
    this.#deps.kv.put(ENTRY, { isDue: true, sentAtMs: this.#read()?.sentAtMs ?? 0 })
  }

  /** No row before the next grant or sign-in as an operator. */
  erase(): void {
    const { kv, nowMs } = this.#deps
    kv.delete(ENTRY)
    kv.put(FORGETTING, nowMs())
  }

  /** The time of an erasure that D1 has not confirmed. */
  get erasedAtMs(): number | null {
    return this.#deps.kv.get<number>(FORGETTING) ?? null
  }

  /** D1 has deleted the row. Returns false if a batch from before the erasure may still bring it back. */
  confirmErased(askedAtMs: number): boolean {
    const erasedAtMs = this.erasedAtMs
    if (erasedAtMs === null) return true
    if (askedAtMs - erasedAtMs < SETTLED_MS) return false
    this.#deps.kv.delete(FORGETTING)
    return true
  }

  /** The row, if it is due: after a new grant at once, then once an hour. */
  async entry(): Promise<DirectoryEntry | null> {
    const { nowMs, user, names } = this.#deps
    const entry = this.#read()
    const seenAtMs = nowMs()
    if (entry === null || this.erasedAtMs !== null) return null
    if (!entry.isDue && seenAtMs - entry.sentAtMs < HOUR_MS) return null
    const { userName, preferredUsername } = names()
    const name = await this.#protect(userName, nameInDirectory(user), hashOfName)
    const username = await this.#protect(preferredUsername, usernameInDirectory(user), hashOfUsername)
    return {
      name: name.text,
      nameHash: name.hash,
      username: username.text,
      usernameHash: username.hash,
      seenAtMs,
    }
  }

  async #protect(name: string | null, place: Place, hashOf: typeof hashOfName) {
    if (name === null) return { text: null, hash: null }
    const { rootKeys } = this.#deps.config()
    return { text: await encrypt(rootKeys, place, name), hash: await hashOf(rootKeys[0], name) }
  }

  /** A grant that opened meanwhile is sent within the hour. */
  confirm({ seenAtMs }: DirectoryEntry): void {
    if (this.#read() !== null) this.#deps.kv.put(ENTRY, { isDue: false, sentAtMs: seenAtMs })
  }

  #read(): z.infer<typeof Entry> | null {
    const stored = this.#deps.kv.get(ENTRY)
    return stored === undefined ? null : Entry.parse(stored)
  }
}
