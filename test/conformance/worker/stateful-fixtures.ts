import type { McpServer } from '@modelcontextprotocol/sdk/server/mcp.js'
import {
  CreateMessageResultSchema,
  type ElicitRequestFormParams,
  ElicitResultSchema,
  SetLevelRequestSchema,
} from '@modelcontextprotocol/sdk/types.js'
import { z } from 'zod'
import { constantTools, defaultsForm, describeFixture, enumsForm, responseForm, text } from './contents.ts'
import { addStatefulPrompts, listStateful } from './sdk-handlers.ts'

const pause = () => new Promise((resolve) => setTimeout(resolve, 50))

interface Elicitation {
  name: string
  input: Record<string, z.ZodString>
  form: ElicitRequestFormParams['requestedSchema']
}
const ELICITATIONS: readonly Elicitation[] = [
  { name: 'test_elicitation', input: { message: z.string() }, form: responseForm },
  { name: 'test_elicitation_sep1034_defaults', input: {}, form: defaultsForm },
  { name: 'test_elicitation_sep1330_enums', input: {}, form: enumsForm },
]
const NAMES = [
  ...[...constantTools, ...ELICITATIONS].map(({ name }) => name),
  'test_tool_with_logging',
  'test_sampling',
]

/** Fixtures that the tool format cannot express, on the SDK v1 server of a session. */
export function extendStateful(server: McpServer): void {
  server.server.registerCapabilities({ logging: {} })
  server.server.setRequestHandler(SetLevelRequestSchema, () => ({}))
  for (const { name, content } of constantTools) {
    server.registerTool(name, { description: describeFixture(name) }, () => ({ content: [...content] }))
  }
  addStatefulPrompts(server)
  addLogging(server)
  addSampling(server)
  for (const elicitation of ELICITATIONS) addElicitation(server, elicitation)
  listStateful(server, NAMES)
}

function addLogging(server: McpServer): void {
  const name = 'test_tool_with_logging'
  server.registerTool(
    name,
    { description: describeFixture(name), inputSchema: {} },
    async (_input, extra) => {
      for (const data of ['started', 'working', 'finished']) {
        await extra.sendNotification({ method: 'notifications/message', params: { level: 'info', data } })
        await pause()
      }
      return { content: [text('Logged.')] }
    },
  )
}

function addSampling(server: McpServer): void {
  const name = 'test_sampling'
  const facts = { description: describeFixture(name), inputSchema: { prompt: z.string() } }
  server.registerTool(name, facts, async ({ prompt }, extra) => {
    const messages = [{ role: 'user' as const, content: text(prompt) }]
    const params = { messages, maxTokens: 100 }
    const answer = await extra.sendRequest(
      { method: 'sampling/createMessage', params },
      CreateMessageResultSchema,
    )
    return { content: [text(JSON.stringify(answer.content))] }
  })
}

function addElicitation(
  server: McpServer,
  { name, input: inputSchema, form: requestedSchema }: Elicitation,
): void {
  server.registerTool(name, { description: describeFixture(name), inputSchema }, async (input, extra) => {
    const params = { message: input['message'] ?? 'Please fill this in.', requestedSchema }
    const answer = await extra.sendRequest({ method: 'elicitation/create', params }, ElicitResultSchema)
    return { content: [text(`${answer.action} ${JSON.stringify(answer.content ?? {})}`)] }
  })
}
