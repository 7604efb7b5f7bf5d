import { retryOnce } from '#lib/retry-once.ts'
import type { UserObjectApi } from './user.ts'

/** Timeouts for the RPCs of a User, in milliseconds. `callMs`: where PingOne may be asked first. */
export interface UserDeadlines {
  userMs: number
  callMs: number
}

const ASK_PINGONE: ReadonlySet<string> = new Set(['enter', 'beginCall', 'renewToken', 'surveyAccess'])

/**
 * The User of this name, with a timeout and one retry for each RPC.
 * A stub whose object died stays dead, so every try gets a fresh one. All methods of a User are idempotent.
 */
export function reachUser(env: Env, name: string, { userMs, callMs }: UserDeadlines): UserObjectApi {
  const stub = (): UserObjectApi => env.USER.getByName(name)
  return new Proxy(stub(), {
    get: (_stub, method) => {
      // A promise that resolves to this object looks for `then`, which must not become an RPC.
      if (method === 'then' || typeof method === 'symbol') return undefined
      return (...message: unknown[]) =>
        retryOnce(ASK_PINGONE.has(method) ? callMs : userMs, async (): Promise<unknown> => {
          const fresh = stub()
          const rpc: unknown = Reflect.get(fresh, method)
          if (typeof rpc !== 'function') throw new TypeError(`a User has no method ${method}`)
          return Reflect.apply(rpc, fresh, message)
        })
    },
  })
}
