import { z } from 'zod'
import type { Config } from '#config.ts'
import { log } from '#lib/log.ts'
import type { UserPingOne } from '../base/step.ts'
import { earliest, evictable, PrefixTable } from '../base/table.ts'
import { MOST_REVOCATIONS } from '../bounds.ts'
import { Tenant } from '../grants/grant.ts'
import { isSameTenant } from '../grants/tenant.ts'
import { decryptTokens } from './downstream.ts'

const Revocation = z.object({
  encrypted: z.string(),
  /** The token is never sent to another tenant. */
  tenant: Tenant,
  tries: z.number(),
  addedAtSeconds: z.number(),
  notBeforeSeconds: z.number(),
})
type Revocation = z.infer<typeof Revocation>

const MOST_TRIES = 6
const FIRST_PAUSE_SECONDS = 60
/** Waiting for an operator to fix the settings does not count as a try. */
const SETTINGS_PAUSE_SECONDS = 3600
const LONGEST_WAIT_SECONDS = 30 * 86_400
/** Revocations per alarm: each may take long at PingOne. */
const BATCH = 20

/** `waits`: for other settings. `never`: revocation is impossible. */
type RevocationOutcome = { outcome: 'done' } | { outcome: 'again' | 'waits' | 'never'; detail: string }

/** A grant may have several: its last tokens, and those of a step-up or a late refresh. */
const idOf = (grant: string, encrypted: string): string => `${grant}:${encrypted.slice(-12)}`
const grantOf = (id: string): string => id.split(':')[0] ?? id

/** Tokens that PingOne has yet to revoke. Retried with backoff. */
export class RevocationService {
  readonly #table: PrefixTable<Revocation>
  readonly #now: () => number

  constructor(kv: DurableObjectStorage['kv'], nowSeconds: () => number) {
    this.#table = new PrefixTable(kv, 'revoke:', Revocation)
    this.#now = nowSeconds
  }

  add(grant: string, encrypted: string, tenant: Tenant): void {
    const now = this.#now()
    const oldestFirst = evictable(
      this.#table.all(),
      MOST_REVOCATIONS,
      ([, a], [, b]) => a.addedAtSeconds - b.addedAtSeconds,
    )
    for (const [id] of oldestFirst) {
      log.error('downstream.not-revoked', { grant: grantOf(id), detail: 'too many wait' })
      this.#table.delete(id)
    }
    const times = { addedAtSeconds: now, notBeforeSeconds: now }
    this.#table.write(idOf(grant, encrypted), { encrypted, tenant, tries: 0, ...times })
  }

  nextSeconds(): number | null {
    return earliest(this.#table.all().map(([, { notBeforeSeconds }]) => notBeforeSeconds))
  }

  async sendDue(config: Config, pingone: UserPingOne): Promise<void> {
    const due = this.#table.all().filter(([, { notBeforeSeconds }]) => notBeforeSeconds <= this.#now())
    for (const [id, revocation] of due.slice(0, BATCH)) {
      const tries = revocation.tries + 1
      const backoffSeconds = FIRST_PAUSE_SECONDS * 2 ** tries
      // Written before the request leaves, so that two runs do not both send it.
      this.#table.write(id, { ...revocation, tries, notBeforeSeconds: this.#now() + backoffSeconds })
      const grant = grantOf(id)
      const sent = await send(grant, revocation, config, pingone)
      if (sent.outcome === 'done') this.#table.delete(id)
      else if (sent.outcome === 'waits' && this.#now() - revocation.addedAtSeconds < LONGEST_WAIT_SECONDS)
        this.#table.write(id, { ...revocation, notBeforeSeconds: this.#now() + SETTINGS_PAUSE_SECONDS })
      else if (sent.outcome !== 'again' || tries >= MOST_TRIES) {
        log.error('downstream.not-revoked', { grant, detail: sent.detail })
        this.#table.delete(id)
      }
    }
  }
}

async function send(
  grant: string,
  { tenant, encrypted }: Revocation,
  config: Config,
  pingone: UserPingOne,
): Promise<RevocationOutcome> {
  // Decision 19: a typo in the settings must not send a token to another address.
  if (!isSameTenant(tenant, config)) return { outcome: 'waits', detail: 'settings name another tenant' }
  const tokens = await decryptTokens(config, grant, encrypted)
  if (!tokens.ok)
    return { outcome: tokens.error.reason === 'key_missing' ? 'waits' : 'never', detail: tokens.error.detail }
  const revoked = await pingone.revoke(tokens.value.refresh ?? tokens.value.access)
  return revoked.ok ? { outcome: 'done' } : { outcome: 'again', detail: revoked.error.detail }
}
