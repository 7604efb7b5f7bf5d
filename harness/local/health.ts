import { setTimeout as sleep } from 'node:timers/promises'
import { z } from 'zod'
import { parseJson } from './private-file.ts'

const Health = z.object({ runId: z.string() })

/** What was heard there: the id of a run, an answer that has none, or nothing at all. */
type Heard = { runId: string } | { otherwise: string } | undefined

async function askHealth(health: string, signal?: AbortSignal): Promise<Heard> {
  const deadline = AbortSignal.timeout(5_000)
  const either = signal === undefined ? deadline : AbortSignal.any([deadline, signal])
  try {
    const response = await fetch(health, { redirect: 'manual', signal: either })
    const text = await response.text()
    const read = response.ok ? Health.safeParse(parseJson(text)) : undefined
    return read?.success === true ? read.data : { otherwise: `status ${response.status}` }
  } catch {
    return undefined // Nobody listens yet, or nobody answers in time: the caller asks again or gives up.
  }
}

export async function readRunId(health: string): Promise<string | undefined> {
  const heard = await askHealth(health)
  return heard !== undefined && 'runId' in heard ? heard.runId : undefined
}

// A Worker that is up but answers something else has a mistake in it, and that does not pass by waiting.
const PATIENCE_WITH_WRONG_ANSWERS_MS = 10_000

/**
 * Waits until this very run answers: a Worker left over by a dead run answers too, with another id. Undefined when it
 * does, else a phrase that says what was heard instead.
 */
export async function waitForRun(
  health: string,
  runId: string,
  signal: AbortSignal,
): Promise<string | undefined> {
  let firstWrongAnswerMs: number | undefined
  let instead = 'gives no answer'
  while (!signal.aborted) {
    const heard = await askHealth(health, signal)
    if (heard !== undefined) {
      if ('runId' in heard && heard.runId === runId) return undefined
      instead = `answers ${'runId' in heard ? 'for another run' : heard.otherwise} at ${health}`
      firstWrongAnswerMs ??= performance.now()
      if (performance.now() - firstWrongAnswerMs > PATIENCE_WITH_WRONG_ANSWERS_MS) break
    }
    await sleep(heard === undefined ? 100 : 500)
  }
  return instead
}
