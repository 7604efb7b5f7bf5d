import { z } from 'zod'
import type { RecordRow } from '#oauth-store/record-row.ts'
import type { Redemption } from '#oauth-store/spent-tokens.ts'
import { EndReason } from './grant.ts'

/** The state of a grant for one token request. The Worker parses it, as it does EntryAnswer. */
export const Snapshot = z.object({
  /** The library's record of the grant, prepared for the request. */
  grant: z.string().nullable(),
  /** The record of the presented access token, for a revocation. */
  token: z.string().nullable(),
  /** `answer`: repeat the stored answer. `reuse`: too late for that; an authenticated client ends the grant. */
  repeat: z.enum(['none', 'answer', 'reuse']),
  answer: z.string().nullable(),
  asked: z.string().nullable(),
  network: z.string().nullable(),
  /** Of a live grant. */
  opened: z
    .object({
      client: z.string(),
      /** Absent: from an object of a release without switches. */
      domain: z.string().nullable().default(null),
      openedAtSeconds: z.number(),
    })
    .nullable(),
  /** Why the grant ended, if it is known. */
  ended: EndReason.nullable(),
  /** The grant has expired: it ends, for this reason, once the client has authenticated (grant.ts). */
  over: EndReason.nullable(),
  /** The settings name another tenant: the grant is refused and stays. */
  isRefused: z.boolean(),
  /** The request rate is exceeded: the client must wait, and nothing was done. */
  waitSeconds: z.number(),
})
export type Snapshot = z.infer<typeof Snapshot>

export type RecordWrite = [key: string, row: RecordRow | null]

/** The effects of one token request. */
export interface Commit {
  /** The grant's record at the start of the request: the "compare" of the compare-and-set. */
  before: string
  /** The hash of the presented code or token. The commit may replace or remove only that one. */
  presented: string
  writes: RecordWrite[]
  spent: Redemption | null
}

export const CommitResult = z.discriminatedUnion('outcome', [
  /** `not_presented`: the writes touch another code or token than the presented one. Nothing was stored. */
  z.object({ outcome: z.enum(['done', 'revoked', 'code_reused', 'not_presented']) }),
  z.object({ outcome: z.literal('lost'), answer: z.string().nullable() }),
  /** The grant ended during the request. Nothing was stored. */
  z.object({ outcome: z.literal('ended'), ended: EndReason }),
])
export type CommitResult = z.infer<typeof CommitResult>

/** A valid access token. */
export interface Bearer {
  client: string
  audience: string
  scopes: string[]
  expiresAtSeconds: number
}

export const grantKey = (grant: string) => `grant:${grant}`
export const tokenKey = (grant: string, token: string) => `token:${grant}:${token}`

/** The fields that we read of the library's grant record (its storage schema). Ids are SHA-256 hashes in hex. */
const GrantRecord = z.looseObject({
  scope: z.array(z.string()).optional(),
  authCodeId: z.string().optional(),
  authCodeWrappedKey: z.string().optional(),
  refreshTokenId: z.string().optional(),
  previousRefreshTokenId: z.string().optional(),
  previousRefreshTokenWrappedKey: z.string().optional(),
})

const TokenRecord = z.object({
  expiresAt: z.number(),
  audience: z.string(),
  scope: z.array(z.string()),
  /** `scope`: the scopes of the grant when this token was issued. */
  grant: z.object({ clientId: z.string(), scope: z.array(z.string()).optional() }),
})

export const parseGrantRecord = (record: string) => GrantRecord.parse(JSON.parse(record))
export const parseTokenRecord = (record: string) => TokenRecord.parse(JSON.parse(record))

/** The scopes of a grant; null before its code is redeemed, because it has no token yet. */
export function scopesOf(record: string): string[] | null {
  const { scope = [], refreshTokenId } = parseGrantRecord(record)
  return refreshTokenId === undefined ? null : scope
}

/** The library narrows the scopes of a refresh to this `scope`, and grants all of it if the client names none. */
export const widerRecord = (record: string, scopes: readonly string[]): string =>
  withScope(record, [...new Set([...(parseGrantRecord(record).scope ?? []), ...scopes])])

const withScope = (record: string, scope: readonly string[]): string =>
  JSON.stringify({ ...parseGrantRecord(record), scope })

/**
 * The writes of a token request that ran while a step-up widened its grant, with the wider scopes.
 * Both effects stay: the new pair is the request's, the scopes are the step-up's. null: something else changed.
 */
export function writesOnTop(
  { before, now, key }: { before: string; now: string; key: string },
  writes: RecordWrite[],
): RecordWrite[] | null {
  if (withScope(before, []) !== withScope(now, [])) return null
  const { scope = [] } = parseGrantRecord(now)
  return writes.map(([name, row]) =>
    name === key && row !== null ? [name, { ...row, value: withScope(row.value, scope) }] : [name, row],
  )
}

/** The result of a rotation: the hashes of the new tokens, and the key that authenticates a repeat of the old one. */
export function pairIn(grant: string, record: string, writes: RecordWrite[]) {
  const { refreshTokenId, previousRefreshTokenWrappedKey = '' } = parseGrantRecord(record)
  const prefix = tokenKey(grant, '')
  const tokens = writes.flatMap(([key]) => (key.startsWith(prefix) ? [key.slice(prefix.length)] : []))
  return {
    wrappedKey: previousRefreshTokenWrappedKey,
    ids: refreshTokenId === undefined ? tokens : [...tokens, refreshTokenId],
  }
}
