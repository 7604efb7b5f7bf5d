import { z } from 'zod'
import { OAuthClient } from '../../test/support/oauth-client.ts'
import type { DownstreamTokens } from './logins.ts'

const Pairs = z.array(z.object({ access_token: z.string(), refresh_token: z.string() }))
export type Pair = z.infer<typeof Pairs>[number]

export interface Seeder {
  readonly origin: string
  readonly client: OAuthClient
}

/** A client of a Worker that gives grants on request (bench/seeded/). */
export async function makeSeeder(origin: string): Promise<Seeder> {
  return { origin, client: await (await new OAuthClient(`${origin}/mcp`).discover()).register() }
}

/** Long enough that no token needs a refresh during a bench. */
const HOUR_SECONDS = 3600
const AT_ONCE = 50

/** Creates a grant for each subject and returns the client's token pairs. A repeated subject gets two grants. */
export async function seedGrants(
  { origin, client }: Seeder,
  subjects: readonly string[],
  { access_token: access, refresh_token: refresh }: DownstreamTokens,
  endsInSeconds = HOUR_SECONDS,
): Promise<Pair[]> {
  const pairs: Pair[] = []
  for (let first = 0; first < subjects.length; first += AT_ONCE) {
    const response = await fetch(`${origin}/bench/grants`, {
      method: 'POST',
      body: JSON.stringify({
        client: client.clientId,
        redirectUri: client.redirectUri,
        subjects: subjects.slice(first, first + AT_ONCE),
        downstream: { access, refresh, endsInSeconds },
      }),
    })
    if (!response.ok) throw new Error(`seeding: ${response.status} ${await response.text()}`)
    pairs.push(...Pairs.parse(await response.json()))
  }
  return pairs
}

/** Subjects `prefix 1`, `prefix 2`, …: one user each. */
export const subjectsNamed = (prefix: string, count: number): string[] =>
  Array.from({ length: count }, (_, index) => `${prefix} ${index + 1}`)
