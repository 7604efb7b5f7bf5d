import type { Step } from '#users/base/step.ts'

/** One crash: the step's index in the journey, and the side of it. */
export interface Schedule {
  at: number
  when: 'before' | 'after'
  /** The object dies again at its next step, so the Worker's retry fails too. */
  isTwice: boolean
}

/** The message of a crash. No answer to a client may contain it. */
export const CRASH = 'ended-by-schedule'

let next: Schedule | null = null
let steps: string[] | null = null

/** Runs a journey under a schedule and returns its step names. Nothing crashes outside it. */
export async function during<T>(schedule: Schedule | null, journey: () => Promise<T>) {
  const seen: string[] = []
  next = schedule
  steps = seen
  try {
    return { value: await journey(), steps: seen }
  } finally {
    next = null
    steps = null
  }
}

/** The side on which the step that starts now must die, if any. */
export function begin(name: string): Schedule['when'] | null {
  const mine = next !== null && next.at === steps?.length ? next.when : null
  steps?.push(name)
  return mine
}

/** Disarms the schedule, or arms it for the next step. */
export function goOn(): void {
  next = next?.isTwice === true ? { at: steps?.length ?? 0, when: 'before', isTwice: false } : null
}

/** Aborts like the platform: writes since the last `await` are lost, and callers get no answer. */
function crash(object: DurableObjectState): void {
  goOn()
  object.abort(CRASH)
}

export const stepOf =
  (object: DurableObjectState): Step =>
  (name, act) => {
    const mine = begin(name)
    if (mine === 'before') crash(object)
    const result = act()
    if (mine !== 'after') return result
    // Registered first, so that no other code of the object runs on this result.
    if (result instanceof Promise) void result.finally(() => crash(object)).catch(() => {})
    else crash(object)
    return result
  }
