import { z } from 'zod'

/** What the emulator tells about itself; it has more, see its `GET /__emulator/state`. */
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

/** The controls of the PingOne emulator, for a story that asks "and what if PingOne did this?". */
export class Emulator {
  readonly #base: string

  constructor(origin: string) {
    this.#base = `${origin}/__emulator`
  }

  /** Everything forgotten but the signing keys: users, sessions, switches, counts. Nobody else may be using it. */
  async reset(): Promise<void> {
    await this.#post('reset')
  }

  /** Names and values are in emulators/pingone/src/switches.ts; null is the normal value. */
  async set(switches: Readonly<Record<string, unknown>>): Promise<void> {
    await this.#post('switches', switches)
  }

  async endSessions(username?: string): Promise<void> {
    await this.#post('end-sessions', username === undefined ? {} : { username })
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
