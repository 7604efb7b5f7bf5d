import { z } from 'zod'
import type { PingOneProblem } from './problems.ts'

/**
 * `rotated`: PingOne spent the old refresh token for this one, though we cannot use the rest of its answer. Whoever
 * drops it presents a spent one next time, and so ends the grant for what may be one minute with a wrong setting.
 */
export type RefreshProblem = PingOneProblem & { rotated: string | null }

/** `given`: the refresh token of a login that we refuse. Nobody holds it, so whoever drops it has PingOne revoke it. */
export type LoginProblem = PingOneProblem & { given: string | null }

const Rotated = z.object({ refresh_token: z.string().min(1) })

/** The refresh token of an answer that one of our checks refused. */
export async function refreshTokenIn(answer: Response): Promise<string | null> {
  const body: unknown = await answer.json().catch(() => undefined) // What is not JSON has none.
  return answer.ok ? (Rotated.safeParse(body).data?.refresh_token ?? null) : null
}
