import { z } from 'zod'
import { CallKind, type EndFacts } from '#events/call-facts.ts'
import type { EventClient, NewEvent, StoredArguments } from '#events/event.ts'
import type { EventSource, WaitingEvent } from '../audit/sequence.ts'
import { CALLS_LAST_MINUTES } from '../bounds.ts'
import { BATCH, type CallRows } from './call-rows.ts'
import type { CallIntent, CallOutcome } from './calls.ts'

/** Longer than the minute from which the request rates are restored (request-rates.ts), and than any retry of a message. */
const ROWS_LAST_MS = CALLS_LAST_MINUTES * 60_000

/** What the object adds to an intent for its event. `client`: what the grant says of it, because its row may go first. */
export interface RecordedFacts {
  client: EventClient
  arguments: StoredArguments | undefined
}

/** What a row stores for the event alone. A call without facts from the edge is a call of a tool. */
export function storedFacts({ step, facts, decision }: CallIntent, recorded: RecordedFacts): string {
  const { kind = 'tool', arguments: _inClear, ...others } = facts ?? {}
  const { domain, givenName } = recorded.client
  const { arguments: kept } = recorded
  return JSON.stringify({ kind, step, domain, givenName, ...others, arguments: kept, decision })
}

const Facts = z
  .string()
  .transform((text): unknown => JSON.parse(text))
  .pipe(z.record(z.string(), z.unknown()))

/** The columns that name a call in its events. */
export const NamingRow = z.object({
  id: z.string(),
  grant_id: z.string(),
  client: z.string(),
  tool: z.string(),
  facts: Facts,
})
const EventRow = NamingRow.extend({
  event_seq: z.number(),
  event_id: z.string(),
  transport: z.string(),
  effect: z.string(),
  began_at_ms: z.number(),
  ended_at_ms: z.number().nullable(),
  outcome: z.string().nullable(),
  client_trace: z.string().nullable(),
  end_facts: Facts.nullable(),
  ended_later: z.number(),
})

/** A frozen row that a repeated message displaced has its number behind its id (call-table.ts). */
const transactionOf = (id: string): string => id.split('#', 1)[0] ?? id

const timeOf = (ms: number): string => new Date(ms).toISOString()

/** The facts that both events of a call have. */
const SharedFacts = z.object({
  kind: CallKind.catch('tool'),
  domain: z.string().optional(),
  givenName: z.string().optional(),
  session: z.string().optional(),
  network: z.string().optional(),
  agent: z.string().optional(),
})

/** The outcome of a call whose intent was frozen without it. */
export function endedEvent(
  { id, grant_id: grant, client, tool, facts }: z.infer<typeof NamingRow>,
  end: { outcome: CallOutcome; atMs: number; facts: EndFacts | undefined },
): NewEvent {
  const { kind, domain, givenName, ...shared } = SharedFacts.parse(facts)
  return {
    type: 'call.ended',
    transaction: transactionOf(id),
    grant,
    client: { id: client, domain, givenName },
    ...shared,
    what: { kind, name: tool },
    outcome: end.outcome,
    endedAt: timeOf(end.atMs),
    ...end.facts,
  }
}

/** Intent and outcome, or the intent alone if it was frozen first. The shipper checks it against the schema. */
function eventOf(row: z.infer<typeof EventRow>): object {
  const { outcome, ended_at_ms: endedAtMs } = row
  const { kind, domain, givenName, ...facts } = row.facts
  const intent = {
    transaction: transactionOf(row.id),
    grant: row.grant_id,
    client: { id: row.client, domain, givenName },
    transport: row.transport,
    what: { kind, name: row.tool },
    effect: row.effect,
    clientTrace: row.client_trace ?? undefined,
    ...facts,
  }
  if (outcome === null || endedAtMs === null || row.ended_later === 1)
    return { type: 'call.began', ...intent }
  return { type: 'call', ...intent, outcome, endedAt: timeOf(endedAtMs), ...row.end_facts }
}

/** The rows of calls as events: there is no second record of a call. Synchronous. */
export class CallEvents implements EventSource {
  readonly #rows: CallRows
  readonly #nowMs: () => number

  constructor(rows: CallRows, nowMs: () => number) {
    this.#rows = rows
    this.#nowMs = nowMs
  }

  lastSeq(): number {
    if (!this.#rows.exist) return 0
    const [row] = this.#rows.select('SELECT MAX(event_seq) AS last FROM calls')
    return Number(row?.['last'] ?? 0)
  }

  waiting(from: number, to: number): WaitingEvent[] {
    if (!this.#rows.exist) return []
    const rows = this.#rows.select(
      `SELECT event_seq, event_id, id, grant_id, client, transport, tool, effect, began_at_ms, ended_at_ms, outcome,
         client_trace, facts, end_facts, ended_later
       FROM calls WHERE event_seq BETWEEN ? AND ? ORDER BY event_seq`,
      from,
      to,
    )
    return rows.map((found) => {
      const row = EventRow.parse(found)
      return { seq: row.event_seq, id: row.event_id, atMs: row.began_at_ms, event: eventOf(row) }
    })
  }

  /** D1 has the events up to this number: their rows go unless a retry or the request rates need them. */
  release(upTo: number): void {
    if (this.#rows.exist) this.deleteOver(upTo)
  }

  /** Deletes rows that are over and not needed, up to this number. True: there may be more of them. */
  deleteOver(upTo: number): boolean {
    // The first row that is too young ends the search: under load there are many more of them than rows to delete.
    const { rowsWritten } = this.#rows.exec(
      `DELETE FROM calls WHERE event_seq IN (
         SELECT event_seq FROM calls
         WHERE outcome IS NOT NULL AND key_hash IS NULL AND event_seq < MIN(?1 + 1, COALESCE((
           SELECT event_seq FROM calls WHERE outcome IS NOT NULL AND key_hash IS NULL AND began_at_ms > ?2
           ORDER BY event_seq LIMIT 1), ?1 + 1))
         ORDER BY event_seq LIMIT ?3)`,
      upTo,
      this.#nowMs() - ROWS_LAST_MS,
      BATCH,
    )
    return rowsWritten >= BATCH
  }
}
