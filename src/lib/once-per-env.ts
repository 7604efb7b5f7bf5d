/** Caches a value per env object: one per isolate of the Worker, one per Durable Object. */
export function oncePerEnv<Env extends object, T>(make: (env: Env) => T): (env: Env) => T {
  const made = new WeakMap<Env, { value: T }>()
  return (env) => {
    const known = made.get(env)
    if (known !== undefined) return known.value
    const value = make(env)
    made.set(env, { value })
    return value
  }
}
