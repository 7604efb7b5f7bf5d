import { env } from 'cloudflare:workers'
import { HeadListDigest } from '#events/chain.ts'
import type { ChainHead } from '#events/chain.ts'
import type { OutboxState } from '#events/store.ts'
import { type ListClaims, readAuditPublicKeys } from '#audit/list-proof.ts'
import { readAuditSigningKey, signClaims } from '#lib/audit-signing-key.ts'
import { compactVerify, exportJWK, generateKeyPair, importJWK } from 'jose'
import { START_MS, type TestChain } from './events.ts'

const db = env.RECORDS

const pair = await generateKeyPair('EdDSA', { extractable: true })
const read = readAuditSigningKey(JSON.stringify({ ...(await exportJWK(pair.privateKey)), kid: 'audit-1' }))
if (!read.ok) throw new Error(read.error)
const key = read.value
const publicKey = await importJWK(await exportJWK(pair.publicKey), 'EdDSA')

const publicKeys = readAuditPublicKeys({ ...(await exportJWK(pair.publicKey)), kid: 'audit-1' })
if (!publicKeys.ok) throw new Error(publicKeys.error)
/** The public half, as an operator keeps it. */
export const published = publicKeys.value

/** What objects say of themselves; without an entry an object does not answer. */
export const objects = new Map<string, OutboxState>()
export const clock = { ms: START_MS }

export const deps = {
  db,
  app: 'notes',
  nowMs: () => clock.ms,
  sign: (claims: ListClaims) => signClaims(key, claims),
  stateOf: async (chain: string) => {
    const state = objects.get(chain)
    if (state === undefined) throw new Error('no answer')
    return state
  },
  retentionDays: 400,
}

/** The object has shipped all of its chain. */
export const answers = (chain: TestChain) => objects.set(chain.chain, { ...chain.head, waiting: 0 })

export interface StoredList {
  jws: string
  claims: unknown
  kid: string | undefined
  entries: ChainHead[]
}

/** List `n` with a signature that was checked, and all of its entries, found independently. */
export async function readStored(kind: 'head' | 'checkpoint', n: number): Promise<StoredList> {
  const row = await db
    .prepare('SELECT jws FROM signed_lists WHERE kind = ? AND n = ?')
    .bind(kind, n)
    .first<{ jws: string }>()
  if (row === null) throw new Error(`there is no ${kind} ${n}`)
  const { payload, protectedHeader } = await compactVerify(row.jws, publicKey, { algorithms: ['EdDSA'] })
  const { results } = await db
    .prepare('SELECT chain, epoch, seq, hash FROM list_entries WHERE kind = ? AND n <= ? ORDER BY n')
    .bind(kind, n)
    .all<ChainHead>()
  const newest = new Map(results.map((entry) => [`${entry.chain}\n${entry.epoch}`, entry]))
  const entries = [...newest.values()].toSorted((a, b) =>
    a.chain === b.chain ? a.epoch - b.epoch : a.chain < b.chain ? -1 : 1,
  )
  return {
    jws: row.jws,
    claims: JSON.parse(new TextDecoder().decode(payload)),
    kid: protectedHeader.kid,
    entries,
  }
}

export async function digestOf(entries: readonly ChainHead[]) {
  const digest = new HeadListDigest()
  for (const entry of entries) await digest.add(entry)
  return digest.value
}
