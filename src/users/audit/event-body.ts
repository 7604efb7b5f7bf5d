import { AuditEvent, type StoredArguments } from '#events/event.ts'
import { sha256Hex } from '#lib/hash.ts'
import { redacted } from '#lib/redacted.ts'
import { uuidv7 } from '#lib/uuid.ts'
import type { WaitingEvent } from './sequence.ts'

/** What every event of an object has. */
export interface EventOrigin {
  app: string
  /** The name of the object. */
  user: string
}

const MOST_REJECTED_CHARACTERS = 4000
const MOST_REASON_CHARACTERS = 200
/** The last time that has four digits for its year. */
const LAST_MS = Date.UTC(9999, 11, 31)

/** An event as it ships, or why it does not fit the schema. */
export type ReadyEvent =
  | { event: AuditEvent; body: string }
  | { reason: string; /** As it was to be shipped, for the table of rejected events. */ text: string }

const timeOf = (atMs: number): string => new Date(Math.min(LAST_MS, Math.max(0, atMs || 0))).toISOString()

/**
 * The same event has the same body each time.
 * @step audit 3 the schema, and the text that is hashed
 */
export function readyEvent({ app, user }: EventOrigin, { id, atMs, event }: WaitingEvent): ReadyEvent {
  const fields = Object.entries(event).filter(([name, value]) => name !== 'atMs' && value !== undefined)
  const whole = { id, at: timeOf(atMs), app, user, ...Object.fromEntries(fields) }
  const parsed = AuditEvent.safeParse(whole)
  if (parsed.success) return { event: parsed.data, body: JSON.stringify(parsed.data) }
  const [issue] = parsed.error.issues
  const reason = `${issue?.path.join('.') ?? ''}: ${issue?.code ?? 'unknown'}`
  return { reason, text: JSON.stringify(whole) }
}

/**
 * Takes the number of an event that does not fit. Its id is another one: the audit log may have that of the event already, if
 * this object was restored to an earlier state.
 */
export async function rejectedEvent(
  { app, user }: EventOrigin,
  { epoch, seq, atMs }: { epoch: number; seq: number; atMs: number },
  { reason, text }: { reason: string; text: string },
): Promise<{ event: AuditEvent; body: string; rejected: { id: string; reason: string; text: string } }> {
  const own = await derivedId(`${user}\n${epoch}\n${seq}`, atMs)
  const shortReason = redacted(reason, MOST_REASON_CHARACTERS)
  const event = AuditEvent.parse({
    type: 'event.rejected',
    id: own,
    at: timeOf(atMs),
    app,
    user,
    rejected: own,
    reason: shortReason,
  })
  const shortText = redacted(text, MOST_REJECTED_CHARACTERS)
  return {
    event,
    body: JSON.stringify(event),
    rejected: { id: own, reason: shortReason, text: shortText },
  }
}

/** A UUIDv7 whose random bits come from a hash, so that a retry has the same one. */
async function derivedId(of: string, atMs: number): Promise<string> {
  const hex = await sha256Hex(of)
  const time = uuidv7(Math.min(LAST_MS, Math.max(0, atMs || 0))).slice(0, 14)
  return `${time}7${hex.slice(0, 3)}-8${hex.slice(3, 6)}-${hex.slice(6, 18)}`
}

/** The event for the log: what is encrypted or hashed stays out of it. */
export function loggedEvent(event: AuditEvent): object {
  if (event.type === 'operator.began') return { ...event, reason: shownOf(event.reason) }
  if (!('arguments' in event) || event.arguments === undefined) return event
  return { ...event, arguments: shownOf(event.arguments) }
}

const shownOf = ({ personal: _personal, hmac: _hmac, hash: _hash, ...shown }: StoredArguments) => shown
