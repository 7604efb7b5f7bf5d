type Handler = (...given: unknown[]) => unknown

const isFunction = (value: unknown): value is Handler => typeof value === 'function'

/**
 * What the transport itself answers a method with, for a fixture that answers a part of it and leaves the rest to the transport.
 * An SDK has one handler for a method, and shows nobody which. undefined: this server does not answer it.
 */
export function behind(server: object, method: string): Handler | undefined {
  const handlers: unknown = Reflect.get(server, '_requestHandlers')
  const handler: unknown = handlers instanceof Map ? handlers.get(method) : undefined
  return isFunction(handler) ? handler : undefined
}
