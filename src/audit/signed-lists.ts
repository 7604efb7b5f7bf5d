import { type ChainHead, HeadListDigest } from '#events/chain.ts'
import { sha256Hex } from '#lib/hash.ts'
import type { ListClaims, ListKind } from './list-proof.ts'

export interface ListDeps {
  db: D1Database
  app: string
  /** Milliseconds since 1970. */
  nowMs: () => number
  /** JWS of the claims. */
  sign: (claims: ListClaims) => Promise<string>
}

const PAGE = 1000

const LAST = 'SELECT n, jws FROM signed_lists WHERE kind = ? ORDER BY n DESC LIMIT 1'
const ADD_LIST = 'INSERT INTO signed_lists (kind, n, jws) VALUES (?, ?, ?)'
const ADD_ENTRIES = `INSERT INTO list_entries (kind, chain, epoch, n, seq, hash)
  SELECT ?1, json_extract(value, '$[0]'), json_extract(value, '$[1]'), ?2, json_extract(value, '$[2]'),
    json_extract(value, '$[3]')
  FROM json_each(?3)`
const COUNT_CHANGED = 'SELECT count(*) AS changed FROM list_entries WHERE kind = ?1 AND n = ?2'
const ENTRIES = `SELECT chain, epoch, seq, hash FROM list_entries AS e
  WHERE kind = ?1 AND (chain, epoch) > (?3, ?4)
    AND n = (SELECT max(n) FROM list_entries AS newer
      WHERE newer.kind = ?1 AND newer.chain = e.chain AND newer.epoch = e.epoch AND newer.n <= ?2)
  ORDER BY chain, epoch LIMIT ${PAGE}`

/** The last list; `n` is 0 before the first. */
export async function lastList(db: D1Database, kind: ListKind): Promise<{ n: number; jws: string | null }> {
  return (await db.prepare(LAST).bind(kind).first<{ n: number; jws: string }>()) ?? { n: 0, jws: null }
}

/** The number of entries in which list `n` differs from the one before. */
export async function changesOf(db: D1Database, kind: ListKind, n: number): Promise<number> {
  const found = await db.prepare(COUNT_CHANGED).bind(kind, n).first<{ changed: number }>()
  return found?.changed ?? 0
}

/** All entries of list `n` in their order, page by page. */
async function* readList(db: D1Database, kind: ListKind, n: number): AsyncGenerator<ChainHead> {
  let [chain, epoch] = ['', 0]
  for (;;) {
    const { results } = await db.prepare(ENTRIES).bind(kind, n, chain, epoch).all<ChainHead>()
    yield* results
    const last = results.at(-1)
    if (last === undefined || results.length < PAGE) return
    ;({ chain, epoch } = last)
  }
}

/** The order of the primary key: SQLite compares bytes, and names of chains are ASCII. */
const order = (one: ChainHead, other: ChainHead): number => {
  if (one.chain !== other.chain) return one.chain < other.chain ? -1 : 1
  return one.epoch - other.epoch
}

/**
 * Signs and stores the list after the last one: that one with these changes, each for a chain and epoch of its own. A
 * crash leaves all of it or nothing. Throws if another run has stored it meanwhile.
 * @step audit 9-10 a signed list
 */
export async function addList(
  { db, app, nowMs, sign }: ListDeps,
  kind: ListKind,
  changes: readonly ChainHead[],
): Promise<ListClaims> {
  const last = await lastList(db, kind)
  const n = last.n + 1
  const changed = changes.toSorted(order)
  const digest = new HeadListDigest()
  let at = 0
  for await (const entry of readList(db, kind, last.n)) {
    for (; at < changed.length; at += 1) {
      const change = changed[at]
      if (change === undefined || order(change, entry) >= 0) break
      await digest.add(change)
    }
    const change = changed[at]
    if (change !== undefined && order(change, entry) === 0) {
      await digest.add(change)
      at += 1
    } else await digest.add(entry)
  }
  for (const change of changed.slice(at)) await digest.add(change)
  const claims: ListClaims = {
    v: 1,
    kind,
    app,
    n,
    at: new Date(nowMs()).toISOString(),
    ...digest.value,
    previous: last.jws === null ? null : await sha256Hex(last.jws),
  }
  const rows = changed.map(({ chain, epoch, seq, hash }) => [chain, epoch, seq, hash])
  await db.batch([
    db.prepare(ADD_LIST).bind(kind, n, await sign(claims)),
    db.prepare(ADD_ENTRIES).bind(kind, n, JSON.stringify(rows)),
  ])
  return claims
}
