import type { ChainHead } from '#events/chain.ts'
import { log } from '#lib/log.ts'
import { firstUuidOf } from '#lib/uuid.ts'
import { addList, lastList, type ListDeps } from './signed-lists.ts'

const DAY_MS = 86_400_000

export interface RetentionDeps extends ListDeps {
  retentionDays: number
}

/** How many of the oldest events are read to find the chains of a step. */
const MOST_LOOKED_AT = 2000
/** The most events of one chain that a step removes. */
const MOST_OF_CHAIN = 500
const CHAINS_AT_ONCE = 20
const MOST_STEPS = 20

const OLDEST =
  'SELECT DISTINCT chain, epoch FROM (SELECT chain, epoch FROM events WHERE id < ?1 ORDER BY id LIMIT ?2)'
/** The first remaining events of a chain that the last signed head covers. */
const FIRST = `SELECT chain, epoch, seq, hash, id FROM events
  WHERE chain = ?1 AND epoch = ?2 AND seq <= (SELECT seq FROM list_entries
    WHERE kind = 'head' AND chain = ?1 AND epoch = ?2 AND n <= ?3 ORDER BY n DESC LIMIT 1)
  ORDER BY seq LIMIT ?4`
const REMOVE = 'DELETE FROM events WHERE chain = ?1 AND epoch = ?2 AND seq <= ?3'
/** Entries that a later entry replaces, up to the oldest list that is kept whole. */
const REMOVE_ENTRIES = `DELETE FROM list_entries WHERE (kind, chain, epoch, n) IN (
  SELECT kind, chain, epoch, n FROM list_entries AS old
  WHERE kind = ?1 AND n < (SELECT max(n) FROM list_entries AS newer
    WHERE newer.kind = ?1 AND newer.chain = old.chain AND newer.epoch = old.epoch AND newer.n <= ?2)
  LIMIT 5000)`
const CHECKPOINT = "SELECT chain, epoch, seq, hash FROM list_entries WHERE kind = 'checkpoint' AND n = ?"

interface OldEvent extends ChainHead {
  id: string
}

/**
 * Removes events that are older than the limit and that a signed head covers, from the beginning of their chain only. The
 * signed checkpoint that names the last removed event of each chain is stored first: a crash leaves too many events, never
 * too few. Returns whether there may be more to remove.
 * @step audit 10 checkpoint and retention
 */
export async function removeOldEvents(deps: RetentionDeps): Promise<boolean> {
  const { db, nowMs, retentionDays } = deps
  const beforeMs = nowMs() - retentionDays * DAY_MS
  const before = firstUuidOf(beforeMs)
  // An earlier run may have died between its checkpoint and this.
  await removeUpTo(db, (await lastList(db, 'checkpoint')).n)
  let hasMore = true
  for (let step = 0; hasMore && step < MOST_STEPS; step += 1) hasMore = await removeSome(deps, before)
  const heads = (await lastList(db, 'head')).n
  const checkpoints = (await lastList(db, 'checkpoint')).n
  await db.batch([
    // There is about one list a day. Older ones keep their signature and not all of their entries.
    db.prepare(REMOVE_ENTRIES).bind('head', heads - retentionDays),
    db.prepare(REMOVE_ENTRIES).bind('checkpoint', checkpoints - retentionDays),
    db.prepare('DELETE FROM rejected_events WHERE id < ?').bind(before),
    db.prepare('DELETE FROM denials WHERE hour < ?').bind(new Date(beforeMs).toISOString()),
    db.prepare('DELETE FROM sessions WHERE seen_at < ?').bind(new Date(beforeMs).toISOString()),
  ])
  return hasMore
}

async function removeSome(deps: RetentionDeps, before: string): Promise<boolean> {
  const { db } = deps
  const head = await lastList(db, 'head')
  const { results } = await db.prepare(OLDEST).bind(before, MOST_LOOKED_AT).all<ChainHead>()
  const removed: ChainHead[] = []
  for (let from = 0; from < results.length; from += CHAINS_AT_ONCE) {
    const some = results.slice(from, from + CHAINS_AT_ONCE)
    const firsts = await db.batch<OldEvent>(
      some.map(({ chain, epoch }) => db.prepare(FIRST).bind(chain, epoch, head.n, MOST_OF_CHAIN)),
    )
    removed.push(...firsts.flatMap((found) => lastOld(found.results, before)))
  }
  if (removed.length === 0) return false
  const { n, count } = await addList(deps, 'checkpoint', removed)
  await removeUpTo(db, n)
  log.info('audit.events-removed', { n, chains: removed.length, count })
  return true
}

/** The last event of the unbroken old part. */
function lastOld(events: readonly OldEvent[], before: string): ChainHead[] {
  const firstKept = events.findIndex(({ id }) => id >= before)
  const last = events.at(firstKept === -1 ? -1 : firstKept - 1)
  if (last === undefined || firstKept === 0) return []
  const { chain, epoch, seq, hash } = last
  return [{ chain, epoch, seq, hash }]
}

/** Removes the events that checkpoint `n` covers. Idempotent. */
async function removeUpTo(db: D1Database, n: number): Promise<void> {
  const { results } = await db.prepare(CHECKPOINT).bind(n).all<ChainHead>()
  for (let from = 0; from < results.length; from += CHAINS_AT_ONCE) {
    const some = results.slice(from, from + CHAINS_AT_ONCE)
    await db.batch(some.map(({ chain, epoch, seq }) => db.prepare(REMOVE).bind(chain, epoch, seq)))
  }
}
