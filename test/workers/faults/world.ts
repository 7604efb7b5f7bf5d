import { databaseWithFaults } from './database.ts'
import { overBinding, overHttp, type Target, clocks } from './faults.ts'
import { DOCUMENT, ISSUER, REDIRECT_URI } from '../settings.ts'
import { answerAsPingOne } from '../pingone.ts'
import { answerAsApi } from '../todo-api.ts'
import { decodeJwt } from 'jose'

const clientDocument = {
  client_id: DOCUMENT,
  client_name: 'Agent',
  redirect_uris: [REDIRECT_URI],
  token_endpoint_auth_method: 'none',
  grant_types: ['authorization_code', 'refresh_token'],
  response_types: ['code'],
}

/** Everything outside this server. */
export async function fetchFromWorld(input: string | URL | Request, init?: RequestInit): Promise<Response> {
  const request = new Request(input, init)
  const [target, answer] = targetOf(request)
  return overHttp(target, request, answer)
}

function targetOf(request: Request): [Target, () => Promise<Response>] {
  switch (request.url) {
    case DOCUMENT:
      return ['document', async () => Response.json(clientDocument)]
    case `${ISSUER}/.well-known/openid-configuration`:
      return ['discovery', () => answerAsPingOne(request)]
    case `${ISSUER}/jwks`:
      return ['keys', () => answerAsPingOne(request)]
    case `${ISSUER}/token`:
      return ['token', () => answerAsPingOne(request, clocks.token)]
    case `${ISSUER}/revoke`:
      return ['revoke', () => answerAsPingOne(request)]
    default:
      return ['api', () => todoApi(request)]
  }
}

/** Settings that an operator has changed. undefined: unset. */
type Settings = Readonly<Record<string, string | undefined>>
let isolate: { changed: Settings } = { changed: {} }

/** Starts an isolate with empty caches, under changed settings if they are given: a deploy. */
export const startIsolate = (changed: Settings = {}): void => {
  isolate = { changed }
}

/** The server's bindings. Its caches are keyed by this object. */
export function isolateOf(env: Env): () => Env {
  let current = { isolate, bindings: bindingsOf(env) }
  return () => {
    if (current.isolate !== isolate) current = { isolate, bindings: bindingsOf(env) }
    return current.bindings
  }
}

const bindingsOf = (env: Env): Env => ({
  ...env,
  ...isolate.changed,
  OAUTH_KV: withFaults(env.OAUTH_KV, 'kv'),
  RECORDS: databaseWithFaults(env.RECORDS),
  USER: objectsWithFaults(env.USER, 'user'),
  CONTROL: objectsWithFaults(env.CONTROL, 'control'),
})

const objectsWithFaults = <T extends Rpc.DurableObjectBranded | undefined>(
  objects: DurableObjectNamespace<T>,
  target: Target,
): DurableObjectNamespace<T> =>
  new Proxy(objects, {
    get: (namespace, name) =>
      name === 'getByName'
        ? (object: string) => withFaults(namespace.getByName(object), target)
        : bound(namespace, name),
  })

const withFaults = <T extends object>(binding: T, target: Target): T =>
  new Proxy(binding, {
    get: (_, name) => {
      const method: unknown = Reflect.get(binding, name)
      if (typeof method !== 'function') return method
      return (...parameters: unknown[]) =>
        overBinding(target, `${String(name)} ${JSON.stringify(parameters, inJson)}`, async () => {
          const answer: unknown = await Reflect.apply(method, binding, parameters)
          return answer
        })
    },
  })

/** Integers among the arguments of a call are BigInt. */
const inJson = (_name: string, value: unknown): unknown => (typeof value === 'bigint' ? String(value) : value)

function bound(object: object, name: string | symbol): unknown {
  const value: unknown = Reflect.get(object, name)
  return typeof value === 'function'
    ? (...parameters: unknown[]): unknown => Reflect.apply(value, object, parameters)
    : value
}

/** Accepts a token until it expires by the API's own clock. The id of a todo is its text. */
async function todoApi(request: Request): Promise<Response> {
  const bearer = (request.headers.get('authorization') ?? '').replace('Bearer ', '')
  const { exp = 0 } = decodeJwt(bearer)
  if (exp <= Date.now() / 1000 + clocks.api) return new Response(null, { status: 401 })
  return answerAsApi(request, ({ text }) => text)
}
