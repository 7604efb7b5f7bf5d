import { inputRequired, type McpServer } from '@modelcontextprotocol/server'
import { constantTools, describeFixture, text } from './contents.ts'
import { addInputRequired, inputRequiredNames } from './input-required.ts'
import { addStatelessPrompts, listStateless } from './sdk-handlers.ts'

const NAMES = [
  ...constantTools.map(({ name }) => name),
  ...inputRequiredNames,
  'test_missing_capability',
  'test_streaming_elicitation',
  'test_logging_tool',
]

/** Fixtures that the tool format cannot express, on the SDK v2 server of a request. */
export function extendStateless(server: McpServer): void {
  for (const { name, content } of constantTools) {
    server.registerTool(name, { description: describeFixture(name) }, () => ({ content: [...content] }))
  }
  addInputRequired(server)
  addStatelessPrompts(server)
  addDiagnostics(server)
  listStateless(server, NAMES)
}

function addDiagnostics(server: McpServer): void {
  const describe = (name: string) => ({ description: describeFixture(name) })
  // The suite checks that the SDK rejects this for a client without sampling.
  const prompt = { messages: [{ role: 'user' as const, content: text('Hello?') }], maxTokens: 10 }
  server.registerTool('test_missing_capability', describe('test_missing_capability'), () =>
    inputRequired({ inputRequests: { sample: inputRequired.createMessage(prompt) } }),
  )
  server.registerTool('test_streaming_elicitation', describe('test_streaming_elicitation'), () => {
    const requestedSchema = { type: 'object' as const, properties: { name: { type: 'string' as const } } }
    const ask = inputRequired.elicit({ message: 'What is your name?', requestedSchema })
    return inputRequired({ inputRequests: { user_name: ask } })
  })
  server.registerTool('test_logging_tool', describe('test_logging_tool'), async ({ mcpReq }) => {
    // The suite checks that the SDK drops it unless the request set a level.
    // oxlint-disable-next-line typescript/no-deprecated -- Still a part of this revision.
    await mcpReq.log('info', 'Working.')
    return { content: [text('Done.')] }
  })
}
