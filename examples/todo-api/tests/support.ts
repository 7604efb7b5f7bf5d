import { createExecutionContext, waitOnExecutionContext } from 'cloudflare:test'
import { env, exports } from 'cloudflare:workers'
import { exportJWK, exportSPKI, generateKeyPair, importJWK, SignJWT, type JWTPayload } from 'jose'
import { z } from 'zod'

import worker from '../src/index.ts'
import { listOf } from '../src/todo-list.ts'
import { Todo } from '../src/todo.ts'

export const ISSUER = 'https://issuer.test/steady/as'
export const ORIGIN = 'https://todo.test'

const { TEST_PRIVATE_JWK } = z.object({ TEST_PRIVATE_JWK: z.string() }).parse(env)
const Jwk = z.looseObject({ kty: z.literal('RSA'), n: z.string(), e: z.string() })
const steadyJwk = Jwk.parse(JSON.parse(TEST_PRIVATE_JWK))

/** The private key of the steady issuer, imported for another algorithm. */
export const steadyKeyFor = (alg: string) => importJWK(steadyJwk, alg)

const steadyKey = await steadyKeyFor('RS256')

export async function steadyPublicPem(): Promise<string> {
  const { kty, n, e } = steadyJwk
  const key = await importJWK({ kty, n, e }, 'RS256', { extractable: true })
  return exportSPKI(z.instanceof(CryptoKey).parse(key))
}

export const nowSeconds = () => Math.floor(Date.now() / 1000)

/** Claims to set; undefined removes a claim. */
export type Changes = { readonly [name: string]: unknown }

/** The claims of a valid PingOne token for a new user. */
export function claimsOf(changes: Changes = {}): JWTPayload {
  return {
    iss: ISSUER,
    aud: ['todo-api'],
    client_id: 'mcp-server',
    sub: crypto.randomUUID(),
    sid: crypto.randomUUID(),
    scope: 'todo:read todo:write',
    iat: nowSeconds(),
    exp: nowSeconds() + 3600,
    ...changes,
  }
}

type Signing = { key?: CryptoKey | Uint8Array; header?: { [name: string]: unknown } }

export function sign(claims: JWTPayload, { key, header }: Signing = {}): Promise<string> {
  return new SignJWT(claims)
    .setProtectedHeader({ alg: 'RS256', kid: 'steady', ...header })
    .sign(key ?? steadyKey)
}

/** A client with the token of one user. */
export async function signIn(changes: Changes = {}) {
  const claims = claimsOf(changes)
  const token = await sign(claims)
  const call = (method: string, path: string, body?: unknown, headers: Record<string, string> = {}) =>
    exports.default.fetch(`${ORIGIN}${path}`, {
      method,
      headers: { Authorization: `Bearer ${token}`, ...headers },
      ...(body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
    })
  return {
    call,
    list: async () => todosOf(await call('GET', '/api/todos')),
    add: (text: string, key?: string) =>
      call('POST', '/api/todos', { todoText: text }, key === undefined ? {} : { 'Idempotency-Key': key }),
    /** The Durable Object of the user's list. */
    stub: () => listOf(env, { issuer: ISSUER, subject: z.string().parse(claims.sub) }),
  }
}

export async function todosOf(response: Response): Promise<Todo[]> {
  return z.strictObject({ todos: z.array(z.strictObject(Todo.shape)) }).parse(await response.json()).todos
}

const PartOfList = z.strictObject({
  todos: z.array(z.strictObject(Todo.shape)),
  total: z.int(),
  next: z.string().nullable(),
})
/** The answer to a request for a part of the list. */
export const partOf = async (response: Response) => PartOfList.parse(await response.json())

const OnlyChanged = PartOfList.omit({ next: true }).extend({ only: z.literal('changed') })
/** The answer to a write with `?only=changed`. */
export const changedOf = async (response: Response) => OnlyChanged.parse(await response.json())

export const textsOf = async (response: Response) => (await todosOf(response)).map(({ text }) => text)

const Problem = z.strictObject({
  type: z.literal('about:blank'),
  title: z.string(),
  status: z.number(),
  detail: z.string(),
  code: z.string(),
  errors: z.array(z.strictObject({ pointer: z.string(), detail: z.string() })).optional(),
  settings: z.array(z.string()).optional(),
  parameters: z.array(z.string()).optional(),
  incident: z.uuid().optional(),
})

/** Checks the format of a denial. */
export async function problemOf(response: Response) {
  const problem = Problem.parse(await response.json())
  return {
    ...problem,
    status: response.status,
    sameStatusInside: problem.status === response.status,
    contentType: response.headers.get('Content-Type'),
  }
}

/** A request to the Worker with other settings. */
export async function fetchWith(settings: Record<string, unknown>, request: Request): Promise<Response> {
  const ctx = createExecutionContext()
  const response = await worker.fetch(request, { ...env, ...settings }, ctx)
  await waitOnExecutionContext(ctx)
  return response
}

/** A new issuer and a deployment that trusts it. */
export async function openIssuer() {
  const issuer = `https://issuer.test/${crypto.randomUUID()}/as`
  const settings = { ...env, PINGONE_ISSUER: issuer }
  const publish = (said: string) => fetch(issuer, { method: 'PUT', body: said })
  const call = async (method: string, signing: Signing, changes: Changes = {}, body?: unknown) => {
    const token = await sign(claimsOf({ iss: issuer, ...changes }), signing)
    const request = new Request(`${ORIGIN}/api/todos`, {
      method,
      headers: { Authorization: `Bearer ${token}` },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    })
    return worker.fetch(request, settings, createExecutionContext())
  }
  return {
    issuer,
    publish,
    rotateTo: async (kid: string) => {
      const pair = await generateKeyPair('RS256', { extractable: true })
      await publish(JSON.stringify({ keys: [{ ...(await exportJWK(pair.publicKey)), kid }] }))
      return { key: pair.privateKey, header: { kid } }
    },
    asked: async () => z.number().parse(await (await fetch(`${issuer}/asked`)).json()),
    call,
    listWith: (signing: Signing) => call('GET', signing),
  }
}
