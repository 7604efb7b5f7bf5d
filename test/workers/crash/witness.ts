import { WorkerEntrypoint } from 'cloudflare:workers'
import { answerAsPingOne } from '../pingone.ts'
import { answerAsApi } from '../todo-api.ts'

// The systems that a journey calls. Their state is outside the objects that a schedule ends.

/**
 * The product's clock is ahead of the platform's, so that alarms fire only when a test runs them. Less than the ten
 * minutes of a code, more than the life of PingOne's short tokens.
 */
export const AHEAD_MS = 300_000
export const clock: {
  aheadMs: number
  /** A fixed time; null: the real one. Some steps depend on whether a second has passed. */
  fixedMs: number | null
} = { aheadMs: AHEAD_MS, fixedMs: null }

/** Runs once, after the API has executed a write and before it answers. */
export const hooks: { afterWrite: (() => Promise<void>) | null } = { afterWrite: null }

export class PingOneWitness extends WorkerEntrypoint<Env> {
  override async fetch(request: Request): Promise<Response> {
    return answerAsPingOne(request)
  }
}

export class TodoApi extends WorkerEntrypoint {
  override async fetch(request: Request): Promise<Response> {
    const answer = await answerAsApi(request)
    const { afterWrite } = hooks
    if (request.method !== 'POST' || afterWrite === null) return answer
    hooks.afterWrite = null
    await afterWrite()
    return answer
  }
}
