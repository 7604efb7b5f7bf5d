import { compose } from '#compose.ts'
import { todos } from '#todos/index.ts'
import { fetchFromWorld } from './world.ts'

const product = compose({
  product: todos,
  deps: {
    fetch: fetchFromWorld,
    nowMs: () => Date.now(),
    deadlines: {
      // What runs here is hundreds of requests at once on a busy machine; what is slow for that is no finding.
      pingoneMs: 20_000,
      apiMs: 20_000,
      toolMs: 25_000,
      documentMs: 20_000,
      storageMs: 20_000,
      // A user who is asked and never answers.
      answerMs: 100,
    },
  },
})

export class User extends product.User {}
export class McpSession extends product.McpSession {}
export class Control extends product.Control {}
export default product.worker
