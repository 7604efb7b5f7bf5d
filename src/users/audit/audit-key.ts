import { z } from 'zod'
import type { Config } from '#config.ts'
import type { ClassifiedArguments } from '#events/call-facts.ts'
import type { StoredArguments } from '#events/event.ts'
import { canonicalDigest, fromBase64Url, toBase64Url } from '#lib/hash.ts'
import { log } from '#lib/log.ts'
import { err, ok, type Result } from '#lib/result.ts'
import { deriveSigningKey, encryptionPurposes, signingPurposes } from '#lib/root-keys.ts'
import { decrypt, encrypt } from '../base/encryption.ts'

const KEY = 'audit-key'
const KEY_BYTES = 32
const CIPHERTEXT = /^v1\.([A-Za-z0-9_-]{16})\.([A-Za-z0-9_-]+)$/
const Fields = z.record(z.string(), z.unknown())

interface AuditKeyDeps {
  kv: DurableObjectStorage['kv']
  config: () => Config
  /** The name of this object. */
  user: string
  /** Whether the user has a live grant or is signed in as an operator. Others get no key, so that an erased user has none. */
  mayHaveKey: () => boolean
}

interface Keys {
  encryption: CryptoKey
  signing: CryptoKey
}

/** `missing`: there is no key. `unreadable`: its root key is gone for now. */
type KeyDenial = 'missing' | 'unreadable'

/**
 * The key of one user's personal fields in the audit log (decision 26): random, stored only here, encrypted under the root key.
 * Erasing deletes it, and then nothing opens those fields.
 */
export class AuditKey {
  readonly #deps: AuditKeyDeps
  #cache: { wrapped: string; keys: Keys } | null = null
  #isLogged = false

  constructor(deps: AuditKeyDeps) {
    this.#deps = deps
  }

  /** The arguments of a call as the audit log stores them. Never throws because of a key. */
  async protect({ plain, personal, hash, cut }: ClassifiedArguments): Promise<StoredArguments> {
    const needsKey = isGiven(personal) || isGiven(hash)
    const keys = needsKey ? await this.#keys() : err<KeyDenial>('missing')
    const kept = isGiven(plain) ? { plain } : {}
    if (keys.ok) {
      return {
        ...kept,
        ...(isGiven(personal) ? { personal: await this.#encrypt(keys.value.encryption, personal) } : {}),
        ...(isGiven(hash) ? { hash: await hmacs(keys.value.signing, hash) } : {}),
        ...cutFields(cut),
      }
    }
    if (keys.error === 'missing') {
      const lost = [...Object.keys(personal ?? {}), ...Object.keys(hash ?? {})]
      return { ...kept, ...cutFields([...(cut ?? []), ...lost]) }
    }
    const [root] = this.#deps.config().rootKeys
    const signing = await deriveSigningKey(root, signingPurposes.auditArguments)
    return {
      ...kept,
      ...(isGiven(personal) ? { hmac: await hmacs(signing, personal, this.#deps.user) } : {}),
      ...(isGiven(hash) ? { hash: await hmacs(signing, hash, this.#deps.user) } : {}),
      ...cutFields(cut),
    }
  }

  /** The personal fields of an event. `unreadable`: the user was erased, or a root key is missing. */
  async reveal(ciphertext: string): Promise<Result<Record<string, unknown>, 'unreadable' | 'broken'>> {
    const keys = await this.#open()
    if (!keys.ok) return err('unreadable')
    const [, iv, text] = CIPHERTEXT.exec(ciphertext) ?? []
    if (iv === undefined || text === undefined) return err('broken')
    try {
      const algorithm = this.#algorithm(fromBase64Url(iv))
      const bytes = await crypto.subtle.decrypt(algorithm, keys.value.encryption, fromBase64Url(text))
      return ok(Fields.parse(JSON.parse(new TextDecoder().decode(bytes))))
    } catch {
      // AES-GCM gives no reason. It may also be of a key that an erasure destroyed.
      return err('broken')
    }
  }

  /** A key for a user who has none, before a grant opens or an operator signs in. One under a retired root key is replaced: nothing can open it. */
  async prepare(): Promise<string | null> {
    const wrapped = this.#read()
    if (wrapped !== null && !this.#isRetired(wrapped)) return null
    const bytes = crypto.getRandomValues(new Uint8Array(KEY_BYTES))
    return encrypt(this.#deps.config().rootKeys, this.#place, toBase64Url(bytes))
  }

  /** In the act that opens the grant or the session. The first key stays. */
  store(prepared: string | null): void {
    if (prepared === null) return
    const wrapped = this.#read()
    if (wrapped === null || this.#isRetired(wrapped)) this.#deps.kv.put(KEY, prepared)
  }

  get exists(): boolean {
    return this.#read() !== null
  }

  destroy(): void {
    const wrapped = this.#read()
    // SQLite leaves the bytes of a deleted row in its page, and the platform allows no PRAGMA secure_delete.
    if (wrapped !== null) this.#deps.kv.put(KEY, '-'.repeat(wrapped.length))
    this.#deps.kv.delete(KEY)
    this.#cache = null
  }

  /** Users from before the audit log have a grant and no key. */
  async #keys(): Promise<Result<Keys, KeyDenial>> {
    if (this.#read() === null && this.#deps.mayHaveKey()) {
      const prepared = await this.prepare()
      if (this.#deps.mayHaveKey()) this.store(prepared)
    }
    return this.#open()
  }

  async #open(): Promise<Result<Keys, KeyDenial>> {
    const wrapped = this.#read()
    if (wrapped === null) return err('missing')
    if (this.#cache?.wrapped === wrapped) return ok(this.#cache.keys)
    const opened = await decrypt(this.#deps.config().rootKeys, this.#place, wrapped)
    if (!opened.ok) {
      const detail = opened.error.reason === 'broken' ? 'broken' : `root key ${opened.error.keyId} is missing`
      if (!this.#isLogged) log.error('audit.key-unreadable', { detail })
      this.#isLogged = true
      return err('unreadable')
    }
    const keys = await derive(fromBase64Url(opened.value))
    const current = await this.#underNewestRoot(wrapped, opened.value)
    // An erasure during the await has destroyed the key: what is encrypted now can never be opened.
    if (this.#read() !== wrapped) return ok(keys)
    if (current !== wrapped) this.#deps.kv.put(KEY, current)
    this.#cache = { wrapped: current, keys }
    return ok(keys)
  }

  /** The key as it is stored from now on: the root key that it was under may be retired later. */
  async #underNewestRoot(wrapped: string, opened: string): Promise<string> {
    const { rootKeys } = this.#deps.config()
    return keyIdOf(wrapped) === rootKeys[0].id ? wrapped : encrypt(rootKeys, this.#place, opened)
  }

  async #encrypt(key: CryptoKey, fields: Record<string, unknown>): Promise<string> {
    const iv = crypto.getRandomValues(new Uint8Array(12))
    const text = new TextEncoder().encode(JSON.stringify(fields))
    return `v1.${toBase64Url(iv)}.${toBase64Url(await crypto.subtle.encrypt(this.#algorithm(iv), key, text))}`
  }

  #algorithm(iv: Uint8Array<ArrayBuffer>) {
    const additionalData = new TextEncoder().encode(`audit arguments\n${this.#deps.user}`)
    return { name: 'AES-GCM', iv, additionalData }
  }

  #isRetired(wrapped: string): boolean {
    return this.#deps.config().retiredRootKeys.includes(keyIdOf(wrapped))
  }

  get #place() {
    return { purpose: encryptionPurposes.auditKey, grant: this.#deps.user }
  }

  #read(): string | null {
    return this.#deps.kv.get<string>(KEY) ?? null
  }
}

const keyIdOf = (wrapped: string): string => wrapped.split('.')[1] ?? ''

type FieldRecord = Record<string, unknown>

const isGiven = (fields: FieldRecord | undefined): fields is FieldRecord =>
  fields !== undefined && Object.keys(fields).length > 0

const cutFields = (cut: string[] | undefined): Pick<StoredArguments, 'cut'> =>
  cut === undefined || cut.length === 0 ? {} : { cut }

/** One hash for each field: equal values of one field are equal, those of two fields are not. */
async function hmacs(key: CryptoKey, fields: FieldRecord, user = ''): Promise<Record<string, string>> {
  const hashes = Object.entries(fields).map(async ([name, value]) => {
    const text = new TextEncoder().encode(`${user}\n${name}\n${await canonicalDigest(value)}`)
    return [name, toBase64Url(await crypto.subtle.sign('HMAC', key, text))] as const
  })
  return Object.fromEntries(await Promise.all(hashes))
}

async function derive(bytes: Uint8Array<ArrayBuffer>): Promise<Keys> {
  const root = await crypto.subtle.importKey('raw', bytes, 'HKDF', false, ['deriveKey'])
  const hkdf = (info: string) => ({
    name: 'HKDF',
    hash: 'SHA-256',
    salt: new Uint8Array(),
    info: new TextEncoder().encode(info),
  })
  const aes = { name: 'AES-GCM', length: 256 }
  const hmac = { name: 'HMAC', hash: 'SHA-256', length: 256 }
  return {
    encryption: await crypto.subtle.deriveKey(hkdf('encrypt'), root, aes, false, ['encrypt', 'decrypt']),
    signing: await crypto.subtle.deriveKey(hkdf('sign'), root, hmac, false, ['sign']),
  }
}
