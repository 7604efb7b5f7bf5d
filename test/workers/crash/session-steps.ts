import type { Step } from '#users/base/step.ts'

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
