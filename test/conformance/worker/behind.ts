type Handler = (...given: unknown[]) => unknown

const isFunction = (value: unknown): value is Handler => typeof value === 'function'

/**
 * The transport's own handler of a method, for a fixture that handles only a part of it. An SDK has one handler per
 * method and does not expose it. Undefined: the server does not support the method.
 */
export function behind(server: object, method: string): Handler | undefined {
  const handlers: unknown = Reflect.get(server, '_requestHandlers')
  const handler: unknown = handlers instanceof Map ? handlers.get(method) : undefined
  return isFunction(handler) ? handler : undefined
}
