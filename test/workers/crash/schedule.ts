import type { Step } from '#users/base/step.ts'

/** One crash: which step of what a journey does, counted from 0, and on which side of it. */
export interface Schedule {
  at: number
  when: 'before' | 'after'
  /** The object dies once more at the first thing it does afterwards: so the Worker's second try fails too. */
  isTwice: boolean
}

/** What a crash says; no answer to a client may have it. */
export const CRASH = 'ended-by-schedule'

let next: Schedule | null = null
let steps: string[] | null = null

/** Runs a journey under a schedule, and gives the names of its steps. Nothing crashes before or after it. */
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

/** On which side of the step that begins now something dies. */
export function begin(name: string): Schedule['when'] | null {
  const mine = next !== null && next.at === steps?.length ? next.when : null
  steps?.push(name)
  return mine
}

/** From here on nothing crashes, or the next step does. */
export function goOn(): void {
  next = next?.isTwice === true ? { at: steps?.length ?? 0, when: 'before', isTwice: false } : null
}

/**
 * The platform ends an object so: what it wrote since its last `await` is gone, who waits for an answer gets none.
 */
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
    // Registered before anybody else can wait for it: nothing of the object runs on this result.
    if (result instanceof Promise) void result.finally(() => crash(object)).catch(() => {})
    else crash(object)
    return result
  }
