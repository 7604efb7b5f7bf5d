import { mcpProduct } from '#mcp/product.ts'
import { todos } from '#todos/index.ts'

/** The todos product bound to an API that is not there: for lists, names and schemas. */
export const catalog = todos.open(
  {
    fetch: () => Promise.reject(new Error('no API here')),
    baseUrl: new URL('https://api.example'),
    deadlineMs: 1000,
    now: () => 0,
  },
  {},
)
export const served = mcpProduct(todos, catalog)
export const { words, keyName: KEY_NAME } = served
