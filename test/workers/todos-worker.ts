import { compose } from '#compose.ts'
import { todos } from '#todos/index.ts'

// As src/index.ts, which may serve another product: the fixture of the engine's tests is todos.
const server = compose({
  product: todos,
  deps: {
    fetch: (input, init) => fetch(input, init),
    nowMs: () => Date.now(),
    deadlines: { pingoneMs: 8000, apiMs: 10_000, toolMs: 25_000, documentMs: 4000, storageMs: 5000 },
  },
})

export class User extends server.User {}
export class McpSession extends server.McpSession {}
export class Control extends server.Control {}
export default server.worker
