import type { Product } from '#catalog/define-product.ts'
import type { Fetch } from '#lib/bounded-fetch.ts'
import type { Extension } from '#mcp/product.ts'
import type { Step } from '#users/base/step.ts'

/** Everything outside this server that it uses. Tests pass other values. */
export interface Deps {
  fetch: Fetch
  /** Milliseconds since 1970. */
  nowMs(): number
  deadlines: {
    pingoneMs: number
    apiMs: number
    toolMs: number
    /** For a user who answers a question while a call waits; unset in production (mcp/session/ask-in-session.ts). */
    answerMs?: number
    /** How often an open stream is checked; unset in production (mcp/edge/answer-pass.ts). */
    streamCheckMs?: number
    /** For a client metadata document. */
    documentMs: number
    /** For one request to Workers KV or to a user's object. */
    storageMs: number
  }
  /** Only for tests that end a user's object between two steps (users/base/step.ts). */
  stepOf?: (object: DurableObjectState) => Step
}

export interface ServerOptions {
  product: Product
  /** Only for the conformance entry: handlers that no product can define (mcp/product.ts). */
  extend?: Extension
  deps: Deps
}
