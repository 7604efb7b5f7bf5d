import { compose } from './compose.ts'
import { tools } from './tools/index.ts'

const product = compose({
  names: { name: 'Todos', api: 'Todo API' },
  tools,
  deps: {
    fetch: (input, init) => fetch(input, init),
    nowMs: () => Date.now(),
    // PingOne's is well under its rolling grace, which must be 60 s (docs/run.md); a tool outlasts its API.
    deadlines: { pingoneMs: 8000, apiMs: 10_000, toolMs: 25_000 },
  },
})

// Classes and not aliases: the platform's types look for classes.
export class Person extends product.Person {}
export class McpSession extends product.McpSession {}
export default product.worker
