import type { ChainHead } from '#events/chain.ts'
import type { OutboxState } from '#events/store.ts'
import { log } from '#lib/log.ts'
import type { ListClaims } from './list-proof.ts'
import { addList, changesOf, lastList, type ListDeps } from './signed-lists.ts'

export interface HeadDeps extends ListDeps {
  /** The state of the outbox of one user's object. */
  stateOf: (chain: string) => Promise<OutboxState>
}

/** The most chains that one list changes: each asks its object, and the platform allows 10,000 requests. */
const MOST_CHANGES = 4000
const ASKED_AT_ONCE = 20

/** Chains that differ from the last list, those first that wait the longest. */
const CHANGED = `SELECT c.chain, c.epoch, c.seq, c.hash,
    c.epoch = (SELECT max(epoch) FROM chains AS other WHERE other.chain = c.chain) AS isNewest
  FROM chains AS c
  LEFT JOIN list_entries AS e ON e.kind = 'head' AND e.chain = c.chain AND e.epoch = c.epoch
    AND e.n = (SELECT max(n) FROM list_entries AS newer
      WHERE newer.kind = 'head' AND newer.chain = c.chain AND newer.epoch = c.epoch)
  WHERE e.seq IS NOT c.seq OR e.hash IS NOT c.hash
  ORDER BY coalesce(e.n, 0), c.chain, c.epoch LIMIT ?`
/** Chains of earlier lists that D1 no longer has. */
const GONE = `SELECT DISTINCT e.chain, e.epoch FROM list_entries AS e
  WHERE e.kind = 'head' AND NOT EXISTS (SELECT 1 FROM chains AS c WHERE c.chain = e.chain AND c.epoch = e.epoch)
  ORDER BY e.chain, e.epoch LIMIT 100`
const HOLDS = 'SELECT 1 AS found FROM events WHERE chain = ? AND epoch = ? AND seq = ? AND hash = ?'

interface ChangedChain extends ChainHead {
  isNewest: number
}

/**
 * Writes a head: a signed list of the last event of every chain. Each object whose chain changed is asked for its own
 * state, so that the list names what was removed from the tail of D1. Chains beyond `most` keep their entry of the list
 * before and come first in the next one.
 * @step audit 7-9 the head
 */
export async function writeHead(deps: HeadDeps, most: number = MOST_CHANGES): Promise<ListClaims> {
  const { results } = await deps.db.prepare(CHANGED).bind(most).all<ChangedChain>()
  const changes: ChainHead[] = []
  for (let from = 0; from < results.length; from += ASKED_AT_ONCE) {
    const some = results.slice(from, from + ASKED_AT_ONCE)
    const entries = await Promise.all(some.map((changed) => entriesOf(deps, changed)))
    changes.push(...entries.flat())
  }
  const gone = await deps.db.prepare(GONE).all<{ chain: string; epoch: number }>()
  for (const missing of gone.results) log.error('audit.chain-missing', { ...missing })
  const claims = await addList(deps, 'head', changes)
  const { n, count } = claims
  log.info('audit.head-signed', { n, count, changed: changes.length })
  return claims
}

/** Whether the last head left chains out. */
export async function isHeadUnfinished(db: D1Database, most: number = MOST_CHANGES): Promise<boolean> {
  const { n } = await lastList(db, 'head')
  return n > 0 && (await changesOf(db, 'head', n)) >= most
}

/** What the list says of a chain: its state in D1, or that of its object where D1 has less or other events. */
async function entriesOf(deps: HeadDeps, { isNewest, ...inD1 }: ChangedChain): Promise<ChainHead[]> {
  if (isNewest === 0) return [inD1]
  const { chain } = inD1
  const own = await askObject(deps, chain)
  // An object is behind if it has not confirmed yet what D1 stored, or if it was restored.
  if (own === null || own.seq === 0 || !isContradicting(own, inD1)) return [inD1]
  const { epoch, seq, hash } = own
  // The object may have shipped more since D1 was read.
  const holds = await deps.db.prepare(HOLDS).bind(chain, epoch, seq, hash).first()
  if (holds === null) log.error('audit.tail-missing', { chain, epoch, seq, inD1: inD1.seq })
  const ofObject = { chain, epoch, seq, hash }
  return epoch === inD1.epoch ? [ofObject] : [inD1, ofObject]
}

function isContradicting(own: OutboxState, inD1: ChainHead): boolean {
  if (own.epoch !== inD1.epoch) return own.epoch > inD1.epoch
  return own.seq > inD1.seq || (own.seq === inD1.seq && own.hash !== inD1.hash)
}

async function askObject({ stateOf }: HeadDeps, chain: string): Promise<OutboxState | null> {
  try {
    return await stateOf(chain)
  } catch {
    log.warn('audit.object-not-asked', { chain })
    return null
  }
}
