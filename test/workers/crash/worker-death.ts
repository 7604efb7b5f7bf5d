import { begin, CRASH, goOn } from './schedule.ts'

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
  goOn()
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
