/**
 * The server with the suite's fixtures beside its own tools, resources and prompts. Only `npm run conformance` and its
 * test run this Worker, on loopback.
 */
import { compose } from '#compose.ts'
import { todos } from '#todos/index.ts'
import type { Product } from '#catalog/define-product.ts'
import { fixturePrompts, fixtureResources, fixtureTemplates } from './product-lists.ts'
import { fixtureTools } from './product-tools.ts'
import { extendStateful } from './stateful-fixtures.ts'
import { extendStateless } from './stateless-fixtures.ts'

const withFixtures: Product = {
  ...todos,
  open(connection, given) {
    const { tools, resources, resourceTemplates, prompts } = todos.open(connection, given)
    return {
      tools: [...tools, ...fixtureTools],
      resources: [...resources, ...fixtureResources],
      resourceTemplates: [...resourceTemplates, ...fixtureTemplates],
      prompts: [...prompts, ...fixturePrompts],
    }
  },
}

const product = compose({
  product: withFixtures,
  extend: { session: extendStateful, stateless: extendStateless },
  deps: {
    fetch: (input, init) => fetch(input, init),
    nowMs: () => Date.now(),
    deadlines: { pingoneMs: 8000, apiMs: 10_000, toolMs: 25_000, documentMs: 4000, storageMs: 5000 },
  },
})

// Classes instead of aliases, because the platform's types require classes.
export class User extends product.User {}
export class McpSession extends product.McpSession {}
export class Control extends product.Control {}
export default product.worker
