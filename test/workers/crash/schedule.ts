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
  const recorded: string[] = []
  next = schedule
  steps = recorded
  try {
    return { value: await journey(), steps: recorded }
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
export function rearm(): void {
  next = next?.isTwice === true ? { at: steps?.length ?? 0, when: 'before', isTwice: false } : null
}

/** Aborts like the platform: writes since the last `await` are lost, and callers get no answer. */
function crash(object: DurableObjectState): void {
  rearm()
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

let isWatched = false
let connection = Promise.withResolvers<never>()

/** Inside `act`, the Worker's own steps count too: its KV and PingOne requests. */
export async function withWorkerSteps<T>(act: () => Promise<T>): Promise<T> {
  isWatched = true
  try {
    return await act()
  } finally {
    isWatched = false
  }
}

/** Rejects when the Worker dies, as a broken connection. */
export const connectionLost = (): Promise<never> => connection.promise

export async function workerStep<T>(name: string, act: () => Promise<T>): Promise<T> {
  const mine = isWatched ? begin(name) : null
  if (mine === 'before') return die()
  const result = await act()
  return mine === 'after' ? die() : result
}

/** Dies like an isolate: nothing of its request continues, not even our error handling. */
function die(): Promise<never> {
  rearm()
  connection.reject(new Error(CRASH))
  connection = Promise.withResolvers<never>()
  return new Promise(() => {})
}

/** The same bindings; every KV operation is a step. */
export function watchedEnv(env: Env): Env {
  const kv = new Proxy(env.OAUTH_KV, {
    get(target, name) {
      const method: unknown = Reflect.get(target, name)
      if (typeof method !== 'function') return method
      return (...parameters: unknown[]): Promise<unknown> =>
        workerStep(`kv ${String(name)}`, async () => Reflect.apply(method, target, parameters))
    },
  })
  return new Proxy(env, {
    get: (target, name): unknown => (name === 'OAUTH_KV' ? kv : Reflect.get(target, name)),
  })
}

/** The bindings of a session object. Every message to its User and to the API is a step. */
export function steppedEnv(env: Env, step: Step): Env {
  const users = new Proxy(env.USER, {
    get: (target, name): unknown =>
      name === 'getByName'
        ? (user: string) => steppedMethods(target.getByName(user), 'user', step)
        : Reflect.get(target, name),
  })
  const api = steppedMethods(env.API, 'api', step)
  return new Proxy(env, {
    get(target, name): unknown {
      if (name === 'USER') return users
      return name === 'API' ? api : Reflect.get(target, name)
    },
  })
}

const steppedMethods = <T extends object>(of: T, who: string, step: Step): T =>
  new Proxy(of, {
    get(target, name) {
      const method: unknown = Reflect.get(target, name)
      if (typeof method !== 'function') return method
      return (...parameters: unknown[]): Promise<unknown> =>
        step(`session ${who}.${String(name)}`, async () => Reflect.apply(method, target, parameters))
    },
  })
