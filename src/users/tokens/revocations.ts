import { z } from 'zod'
import type { Config } from '#config.ts'
import { log } from '#lib/log.ts'
import { openEncrypted } from './downstream.ts'
import { Tenant } from '../grants/grant.ts'
import type { UserPingOne } from '../base/step.ts'
import { isSameTenant } from '../grants/tenant.ts'
import { MOST_REVOCATIONS } from '../bounds.ts'

const Pending = z.object({
  encrypted: z.string(),
  /** Whose token it is: no other tenant ever sees it. */
  tenant: Tenant,
  tries: z.number(),
  addedAtSeconds: z.number(),
  notBeforeSeconds: z.number(),
})
type Pending = z.infer<typeof Pending>

const PREFIX = 'revoke:'
const MOST_TRIES = 6
const FIRST_PAUSE_SECONDS = 60
/** For settings that an operator has to put back: not a try. */
const SETTINGS_PAUSE_SECONDS = 3600
const LONGEST_WAIT_SECONDS = 30 * 86_400
/** How many one alarm revokes: PingOne may be slow with each. */
const TOLD_AT_ONCE = 20

/** What became of one: told, to be tried again, waiting for other settings, or not to be told any more. */
type Told = { outcome: 'told' } | { outcome: 'again' | 'waits' | 'never'; detail: string }

/** A grant may have several: the tokens that it had at its end, and those that a step-up or a late renewal brought. */
const nameOf = (grant: string, encrypted: string): string => `${grant}:${encrypted.slice(-12)}`
const grantOf = (name: string): string => name.split(':')[0] ?? name

/** What PingOne is still to be told: a grant ended here, so its tokens end there. Tried again while PingOne is down. */
export class Revocations {
  readonly #kv: DurableObjectStorage['kv']
  readonly #now: () => number

  constructor(kv: DurableObjectStorage['kv'], nowSeconds: () => number) {
    this.#kv = kv
    this.#now = nowSeconds
  }

  add(grant: string, encrypted: string, tenant: Tenant): void {
    const now = this.#now()
    const pending: Pending = { encrypted, tenant, tries: 0, addedAtSeconds: now, notBeforeSeconds: now }
    const waiting = this.#all().toSorted(([, a], [, b]) => a.addedAtSeconds - b.addedAtSeconds)
    for (const [name] of waiting.slice(0, Math.max(0, waiting.length + 1 - MOST_REVOCATIONS))) {
      log.error('downstream.not-revoked', { grant: grantOf(name), detail: 'too many wait' })
      this.#kv.delete(PREFIX + name)
    }
    this.#kv.put(PREFIX + nameOf(grant, encrypted), pending)
  }

  nextSeconds(): number | null {
    const times = this.#all().map(([, { notBeforeSeconds }]) => notBeforeSeconds)
    return times.length === 0 ? null : Math.min(...times)
  }

  async tell(config: Config, pingone: UserPingOne): Promise<void> {
    const due = this.#all().filter(([, { notBeforeSeconds }]) => notBeforeSeconds <= this.#now())
    for (const [name, pending] of due.slice(0, TOLD_AT_ONCE)) {
      const tries = pending.tries + 1
      // Written before the request leaves, so that two runs at once do not both ask.
      this.#kv.put(PREFIX + name, {
        ...pending,
        tries,
        notBeforeSeconds: this.#now() + FIRST_PAUSE_SECONDS * 2 ** tries,
      })
      const grant = grantOf(name)
      const told = await tell(grant, pending, config, pingone)
      if (told.outcome === 'told') this.#kv.delete(PREFIX + name)
      else if (told.outcome === 'waits' && this.#now() - pending.addedAtSeconds < LONGEST_WAIT_SECONDS)
        this.#kv.put(PREFIX + name, {
          ...pending,
          notBeforeSeconds: this.#now() + SETTINGS_PAUSE_SECONDS,
        })
      else if (told.outcome !== 'again' || tries >= MOST_TRIES) {
        log.error('downstream.not-revoked', { grant, detail: told.detail })
        this.#kv.delete(PREFIX + name)
      }
    }
  }

  #all(): [name: string, pending: Pending][] {
    return Array.from(this.#kv.list({ prefix: PREFIX }), ([key, value]) => [
      key.slice(PREFIX.length),
      Pending.parse(value),
    ])
  }
}

async function tell(grant: string, pending: Pending, config: Config, pingone: UserPingOne): Promise<Told> {
  // Decision 19: a typing error in the settings must not hand a token to whoever is at that address.
  if (!isSameTenant(pending.tenant, config))
    return { outcome: 'waits', detail: 'settings name another tenant' }
  const tokens = await openEncrypted(config, grant, pending.encrypted)
  if (!tokens.ok)
    return { outcome: tokens.error.reason === 'key_missing' ? 'waits' : 'never', detail: tokens.error.detail }
  const told = await pingone.revoke(tokens.value.refresh ?? tokens.value.access)
  return told.ok ? { outcome: 'told' } : { outcome: 'again', detail: told.error.detail }
}
