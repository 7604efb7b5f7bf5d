import { z } from 'zod'
import { MOST_URI_CHARACTERS, URIS_PER_SESSION } from '../bounds.ts'

/** What the session of one client is to be told of: addresses that were asked for, and never what is behind them. */
const Subscribed = z.object({ grant: z.string(), uris: z.array(z.string()) })
export type Subscribed = z.infer<typeof Subscribed>

/** `closed`: the session is not open, or another grant has taken it over. */
export type Subscribing = 'done' | 'too_many' | 'too_long' | 'closed' | 'ended'

/** What a session asks of its User about its subscriptions. Both messages may arrive twice. */
export interface SubscriptionApi {
  subscribe(session: string, grant: string, uri: string): Promise<Subscribing>
  unsubscribe(session: string, grant: string, uri: string): Promise<void>
}

const PREFIX = 'subscribed:'

/**
 * Beside the rows of the sessions (sessions.ts), which open and close them: so an ending, a takeover and what was
 * subscribed are one act. Rows of their own, so that a write of a user without any finds an empty list at once.
 */
export class Subscriptions {
  readonly #kv: DurableObjectStorage['kv']

  constructor(kv: DurableObjectStorage['kv']) {
    this.#kv = kv
  }

  add(session: string, grant: string, uri: string): Extract<Subscribing, 'done' | `too_${string}`> {
    if (uri.length > MOST_URI_CHARACTERS) return 'too_long'
    const uris = this.#urisOf(session, grant)
    if (uris.includes(uri)) return 'done'
    if (uris.length >= URIS_PER_SESSION) return 'too_many'
    this.#put(session, { grant, uris: [...uris, uri] })
    return 'done'
  }

  remove(session: string, grant: string, uri: string): void {
    const uris = this.#urisOf(session, grant)
    if (!uris.includes(uri)) return
    this.#put(session, { grant, uris: uris.filter((other) => other !== uri) })
  }

  /** The session is over, or is another grant's from here on. */
  drop(session: string): void {
    this.#kv.delete(PREFIX + session)
  }

  read(session: string): Subscribed | null {
    const stored = this.#kv.get(PREFIX + session)
    return stored === undefined ? null : Subscribed.parse(stored)
  }

  sessions(): string[] {
    return Array.from(this.#kv.list({ prefix: PREFIX }), ([key]) => key.slice(PREFIX.length))
  }

  #urisOf(session: string, grant: string): string[] {
    const subscribed = this.read(session)
    return subscribed?.grant === grant ? subscribed.uris : []
  }

  #put(session: string, subscribed: Subscribed): void {
    if (subscribed.uris.length === 0) this.drop(session)
    else this.#kv.put(PREFIX + session, subscribed)
  }
}
