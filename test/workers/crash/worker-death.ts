import { begin, CRASH, goOn } from './schedule.ts'

let isWatched = false
let connection = Promise.withResolvers<never>()

/** In what is done here, the Worker's own steps count as well: what it asks of KV and of PingOne. */
export async function withWorkerSteps<T>(act: () => Promise<T>): Promise<T> {
  isWatched = true
  try {
    return await act()
  } finally {
    isWatched = false
  }
}

/** Whoever waits for an answer of the Worker hears of its death by a connection that breaks. */
export const connectionLost = (): Promise<never> => connection.promise

export async function workerStep<T>(name: string, act: () => Promise<T>): Promise<T> {
  const mine = isWatched ? begin(name) : null
  if (mine === 'before') return die()
  const result = await act()
  return mine === 'after' ? die() : result
}

/** As an isolate dies: nothing of its request goes on, not even to an error of ours. */
function die(): Promise<never> {
  goOn()
  connection.reject(new Error(CRASH))
  connection = Promise.withResolvers<never>()
  return new Promise(() => {})
}

/** The same bindings, with every message to KV as a step. */
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
