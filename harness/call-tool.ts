import { ApiTraffic } from '#catalog/api-traffic.ts'
import type { Product } from '#catalog/define-product.ts'
import type { CallContext, Me } from '#catalog/tool-context.ts'
import type { Fetch } from '#lib/bounded-fetch.ts'
import { err } from '#lib/result.ts'
import { Secret } from '#lib/secret.ts'

interface Surroundings {
  /** Plays the API; without it nothing answers. */
  readonly fetch?: Fetch
  readonly me?: Partial<Me>
}

export const TOKEN = 'the-downstream-token'

/** A product bound to a test's API, for one user with all scopes. */
export function openProduct(product: Product, { fetch, me }: Surroundings = {}) {
  const connection = {
    fetch: fetch ?? (() => Promise.reject(new Error('no API here'))),
    baseUrl: new URL('https://api.example'),
    deadlineMs: 1000,
    now: () => 0,
  }
  const context: CallContext = {
    user: 'ada',
    from: { grant: 'grant', transport: 'stateless', network: 'unknown' },
    me: {
      name: 'Ada',
      scopes: product.scopes.map(({ name }) => name),
      accessEndsAtSeconds: Date.UTC(2026, 0, 1, 14, 5) / 1000,
      downstream: null,
      ...me,
    },
    signal: new AbortController().signal,
    progress: () => {},
    call: {
      token: new Secret(TOKEN),
      replaceToken: async () => err('none_newer'),
      idempotencyKey: 'key-1',
      transaction: '7f9a1f2e-0000-4000-8000-000000000001',
    },
    traffic: new ApiTraffic(),
  }
  return { ...product.open(connection, {}), context }
}

/** Runs a tool of a product as the engine does, without the engine: its client calls `fetch`. */
export async function callTool(
  product: Product,
  name: string,
  input: object = {},
  surroundings: Surroundings = {},
) {
  const { tools, context } = openProduct(product, surroundings)
  const tool = tools.find((one) => one.name === name)
  if (tool === undefined) throw new Error(`${name} is not on the list of tools`)
  return tool.run(input, context)
}
