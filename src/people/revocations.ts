import { z } from 'zod'
import type { Config } from '../config.ts'
import { log } from '../lib/log.ts'
import { openSealed } from './downstream.ts'
import type { PersonPingOne } from './step.ts'

const Pending = z.object({ sealed: z.string(), tries: z.number(), notBeforeSeconds: z.number() })
type Pending = z.infer<typeof Pending>

const PREFIX = 'revoke:'
const MOST_TRIES = 6
const FIRST_PAUSE_SECONDS = 60

/** What PingOne is still to be told: a grant ended here, so its tokens end there. Tried again while PingOne is down. */
export class Revocations {
  readonly #kv: DurableObjectStorage['kv']
  readonly #now: () => number

  constructor(kv: DurableObjectStorage['kv'], nowSeconds: () => number) {
    this.#kv = kv
    this.#now = nowSeconds
  }

  add(grant: string, sealed: string): void {
    const pending: Pending = { sealed, tries: 0, notBeforeSeconds: this.#now() }
    this.#kv.put(PREFIX + grant, pending)
  }

  nextSeconds(): number | null {
    const times = this.#all().map(([, { notBeforeSeconds }]) => notBeforeSeconds)
    return times.length === 0 ? null : Math.min(...times)
  }

  async tell(config: Config, pingone: PersonPingOne): Promise<void> {
    for (const [grant, pending] of this.#all()) {
      if (pending.notBeforeSeconds > this.#now()) continue
      const tries = pending.tries + 1
      // Written before the request leaves, so that two runs at once do not both ask.
      this.#kv.put(PREFIX + grant, {
        ...pending,
        tries,
        notBeforeSeconds: this.#now() + FIRST_PAUSE_SECONDS * 2 ** tries,
      })
      const tokens = await openSealed(config, grant, pending.sealed)
      const told = tokens.ok ? await pingone.revoke(tokens.value.refresh ?? tokens.value.access) : null
      if (told?.ok === true) this.#kv.delete(PREFIX + grant)
      else if (tries >= MOST_TRIES || told === null) {
        log.error('downstream.not-revoked', { grant, detail: told?.error.detail ?? 'its seal does not open' })
        this.#kv.delete(PREFIX + grant)
      }
    }
  }

  #all(): [grant: string, pending: Pending][] {
    return Array.from(this.#kv.list({ prefix: PREFIX }), ([key, value]) => [
      key.slice(PREFIX.length),
      Pending.parse(value),
    ])
  }
}
