import { compose } from '#compose.ts'
import { todos } from '#todos/index.ts'

/** Shared with the tests in the same isolate. */
export const clock = { aheadMs: 0 }

const product = compose({
  product: todos,
  deps: {
    fetch: async () => new Response(null, { status: 503 }),
    nowMs: () => Date.now() + clock.aheadMs,
    deadlines: { pingoneMs: 8000, apiMs: 10_000, toolMs: 25_000, documentMs: 4000, storageMs: 5000 },
  },
})

export class User extends product.User {}
export class McpSession extends product.McpSession {}
export class Control extends product.Control {}
export const { paths } = product
export default product.worker
