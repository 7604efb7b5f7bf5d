import { compose } from './compose.ts'
// The one line that another product changes (docs/your-own-api.md).
import { todos as product } from '#todos/index.ts'

const server = compose({
  product,
  deps: {
    fetch: (input, init) => fetch(input, init),
    nowMs: () => Date.now(),
    deadlines: {
      // Well under PingOne's rolling grace, which must be 60 s (docs/run.md).
      pingoneMs: 8000,
      // A tool outlasts its API.
      apiMs: 10_000,
      toolMs: 25_000,
      // Well under the ten seconds that the library waits for the same document.
      documentMs: 4000,
      storageMs: 5000,
    },
  },
})

// Classes and not aliases: the platform's types look for classes.
export class User extends server.User {}
export class McpSession extends server.McpSession {
  // The agents library tells the class in its log and traces. Without this the bundle has a short name, another in each release.
  static override readonly name = 'McpSession'
}
export class Control extends server.Control {}
export default server.worker
