import type { Result } from '#lib/result.ts'
import type { Secret } from '#lib/secret.ts'
import type { ApiTraffic } from './api-traffic.ts'

/** The decoded downstream token. It proves audience and scopes; the token itself never reaches a tool. */
export interface DownstreamClaims {
  issuer: string
  audience: readonly string[]
  scopes: readonly string[]
  acr: string | null
  expiresAtSeconds: number | null
  /** SHA-256 of the token, base64url. */
  thumbprint: string
}

/** The user and the access of this request. */
export interface Me {
  name: string | null
  scopes: readonly string[]
  accessEndsAtSeconds: number
  /** null where the API's tokens are not JWTs. */
  downstream: DownstreamClaims | null
}

interface RunContext {
  me: Me
  /** Aborted on cancellation or timeout. A tool with several effects checks it before each one. */
  signal: AbortSignal
  /** Reports progress; a no-op without a progress token. */
  progress: (done: number, total: number) => void
}

/** Everything a tool can reach: no token, no fetch, no storage. `api` is what the product's `connect` returned. */
export interface ToolContext<Api> extends RunContext {
  api: Api
}

/** What the requests of one tool call share. Only a product's `connect` receives it. */
export interface ApiCall {
  token: Secret
  /** A renewed token after a 401. `none_newer`: PingOne issued `refused` just now; `stopped`: the call must end. */
  replaceToken: (refused: Secret) => Promise<Result<Secret, 'none_newer' | 'stopped'>>
  /** Of the first write; later writes of the same call count up from it. */
  idempotencyKey: string
  /** A UUID that joins our log, the API's and PingOne's. */
  transaction: string
}

/** The connection that a call came by. */
export interface CallSource {
  grant: string
  transport: 'stateless' | 'session'
  /** The caller's network (lib/addresses.ts). */
  network: string
}

/** What the engine passes to a bound tool (define-product.ts). */
export interface CallContext extends RunContext {
  /** The id of the user (principal.ts). Only tools of the engine get it. */
  user: string
  /** Where the call came from. Only tools of the engine get it. */
  from: CallSource
  call: ApiCall
  /** Observes the requests to the API. */
  traffic: ApiTraffic
}
