import { WorkerEntrypoint } from 'cloudflare:workers'
import { compose } from '../../../src/compose.ts'
import { prompts } from '../../../src/prompts/index.ts'
import { resources, resourceTemplates } from '../../../src/resources/index.ts'
import { tools } from '../../../src/tools/index.ts'
import { fetchFromWorld } from './world.ts'

const product = compose({
  names: { name: 'Todos', api: 'Todo API' },
  tools,
  resources,
  resourceTemplates,
  prompts,
  deps: {
    fetch: fetchFromWorld,
    nowMs: () => Date.now(),
    deadlines: {
      pingoneMs: 2_000,
      apiMs: 200,
      toolMs: 500,
      answerMs: 100,
      documentMs: 300,
      // What runs here is hundreds of requests at once on a busy machine; an object that is slow for that is no finding.
      storageMs: 20_000,
    },
  },
})

export class Person extends product.Person {}
export class McpSession extends product.McpSession {}
/** The binding has to exist; with API_URL set, nobody asks it. */
export class NoApi extends WorkerEntrypoint {}
export default product.worker
