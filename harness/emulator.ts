import { z } from 'zod'

/** The part of the emulator's state that stories use; `GET /__emulator/state` has more. */
const State = z.object({
  counts: z.record(z.string(), z.number()),
  grants: z.record(z.string(), z.number()),
  sessions: z.array(z.object({ sid: z.string(), username: z.string() })),
  families: z.array(
    z.object({
      username: z.string(),
      alive: z.boolean(),
      endedBecause: z.string().nullable(),
      rotations: z.number(),
    }),
  ),
  timeline: z.array(
    z.object({
      at: z.string(),
      method: z.string(),
      endpoint: z.string(),
      asked: z.record(z.string(), z.string()),
      status: z.number(),
      reason: z.string(),
    }),
  ),
})

export type EmulatorState = z.infer<typeof State>

/** Controls the PingOne emulator. */
export class Emulator {
  readonly #base: string

  constructor(origin: string) {
    this.#base = `${origin}/__emulator`
  }

  /** Resets all state except the signing keys. No other story may be using it. */
  async reset(): Promise<void> {
    await this.#post('reset')
  }

  /** Names and values are in emulators/pingone/src/switches.ts; null is the default. */
  async set(switches: Readonly<Record<string, unknown>>): Promise<void> {
    await this.#post('switches', switches)
  }

  async endSessions(username?: string): Promise<void> {
    await this.#post('end-sessions', username === undefined ? {} : { username })
  }

  /** Replaces the groups of a user, also of one who registers later. */
  async setGroups(username: string, groups: readonly string[]): Promise<void> {
    await this.#post('groups', { username, groups })
  }

  /** Replaces the claims that attribute mappings give a user, besides the groups. */
  async setClaims(username: string, claims: Readonly<Record<string, unknown>>): Promise<void> {
    await this.#post('claims', { username, claims })
  }

  async rotateKeys({ isOldDropped = false } = {}): Promise<void> {
    await this.#post(isOldDropped ? 'rotate-keys?drop=1' : 'rotate-keys')
  }

  async state(): Promise<EmulatorState> {
    const response = await fetch(`${this.#base}/state`)
    return State.parse(await response.json())
  }

  async #post(path: string, body: unknown = {}): Promise<void> {
    const response = await fetch(`${this.#base}/${path}`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(body),
    })
    if (!response.ok) throw new Error(`${path}: ${response.status} ${await response.text()}`)
  }
}
