import { z } from 'zod'
import type { Config } from '#config.ts'
import type { DirectoryEntry } from '#events/store.ts'
import { toBase64Url } from '#lib/hash.ts'
import { deriveSigningKey, encryptionPurposes, type RootKey, signingPurposes } from '#lib/root-keys.ts'
import { encrypt } from '../base/encryption.ts'

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
  /** As the newest live grant or the last sign-in as an operator has it; null: PingOne gives no name. */
  userName: () => string | null
}

/** HMAC of a name under a root key: equal names of users have equal hashes. */
export async function hashOfName(root: RootKey, name: string): Promise<string> {
  const key = await deriveSigningKey(root, signingPurposes.directoryName)
  const text = new TextEncoder().encode(name.toLowerCase())
  return toBase64Url(await crypto.subtle.sign('HMAC', key, text))
}

/** The place of a name in the directory, for its encryption. */
export const nameInDirectory = (user: string) => ({ purpose: encryptionPurposes.directoryName, grant: user })

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
    const { config, nowMs, user, userName } = this.#deps
    const entry = this.#read()
    const seenAtMs = nowMs()
    if (entry === null || this.erasedAtMs !== null) return null
    if (!entry.isDue && seenAtMs - entry.sentAtMs < HOUR_MS) return null
    const name = userName()
    if (name === null) return { name, nameHash: null, seenAtMs }
    const { rootKeys } = config()
    const nameHash = await hashOfName(rootKeys[0], name)
    return { name: await encrypt(rootKeys, nameInDirectory(user), name), nameHash, seenAtMs }
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
