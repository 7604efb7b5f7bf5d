import type { Client as ClientV2 } from '@modelcontextprotocol/client'
import type { Client as ClientV1 } from '@modelcontextprotocol/sdk/client/index.js'
import { ElicitRequestSchema } from '@modelcontextprotocol/sdk/types.js'
import { z } from 'zod'

/** The user's answer to a form; `form` has its fields and message. */
export type AnswerForm = () => Promise<{ action: 'accept'; content: Record<string, boolean> }>

export interface CallOptions {
  readonly signal?: AbortSignal
  readonly onprogress?: (progress: { progress: number }) => void
}

const Answer = z.object({
  content: z.array(z.looseObject({ text: z.string().optional() })),
  structuredContent: z.looseObject({}).optional(),
  isError: z.boolean().default(false),
})
export type Answer = z.infer<typeof Answer>

const ITEM = 'todo://items/{id}'
const completing = { ref: { type: 'ref/resource' as const, uri: ITEM }, argument: { name: 'id', value: '' } }

/** The common interface of the two SDKs' clients. */
export interface Speaker {
  call(name: string, input?: Record<string, unknown>, options?: CallOptions): Promise<Answer>
  tools(): Promise<readonly string[]>
  /** All listed URIs, templates included. */
  resources(): Promise<readonly string[]>
  read(uri: string): Promise<string>
  prompts(): Promise<readonly string[]>
  prompt(name: string): Promise<string>
  completeId(): Promise<readonly string[]>
  onForm(answer: AnswerForm): void
}

export const speakV1 = (client: ClientV1): Speaker => ({
  ...shared(client),
  call: async (name, input = {}, options = {}) =>
    Answer.parse(await client.callTool({ name, arguments: input }, undefined, options)),
  onForm: (answer) => client.setRequestHandler(ElicitRequestSchema, answer),
})

export const speakV2 = (client: ClientV2): Speaker => ({
  ...shared(client),
  call: async (name, input = {}, options = {}) =>
    Answer.parse(await client.callTool({ name, arguments: input }, options)),
  onForm: (answer) => client.setRequestHandler('elicitation/create', answer),
})

const shared = (client: ClientV1 | ClientV2): Omit<Speaker, 'call' | 'onForm'> => ({
  tools: async () => (await client.listTools()).tools.map(({ name }) => name),
  resources: async () => [
    ...(await client.listResources()).resources.map(({ uri }) => uri),
    ...(await client.listResourceTemplates()).resourceTemplates.map(({ uriTemplate }) => uriTemplate),
  ],
  read: async (uri) => JSON.stringify(await client.readResource({ uri })),
  prompts: async () => (await client.listPrompts()).prompts.map(({ name }) => name),
  prompt: async (name) => JSON.stringify(await client.getPrompt({ name })),
  completeId: async () => (await client.complete(completing)).completion.values,
})
