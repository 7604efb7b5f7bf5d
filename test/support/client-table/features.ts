import type { Client as ClientV2 } from '@modelcontextprotocol/client'
import type { Client as ClientV1 } from '@modelcontextprotocol/sdk/client/index.js'
import { ElicitRequestSchema } from '@modelcontextprotocol/sdk/types.js'
import { z } from 'zod'
import { vi } from 'vitest'

export const FEATURES = [
  'tools',
  'resources',
  'prompts',
  'completion',
  'elicitation',
  'progress',
  'cancellation',
  'step-up',
  'refresh',
] as const
type Feature = (typeof FEATURES)[number]

/** `yes`, or the observed behaviour. The run that made the table observed both. */
export type Cells = Readonly<Record<Feature, string>>

export const YES = 'yes'
export const BY_LINK = 'by a link in the tool’s answer'

/** A claim that the run verifies. */
export function verify(what: string, isSo: boolean): void {
  if (!isSo) throw new Error(`not seen: ${what}`)
}

/** A valid id that does not exist. */
export const corrupted = (token: string): string =>
  `${token.slice(0, -4)}${token.endsWith('AAAA') ? 'BBBB' : 'AAAA'}`

/** SDK v2 adds its own progress step for each question; ours are the last ones. */
export const showsProgress = (steps: readonly number[]): boolean => steps.slice(-2).join() === '1,2'

/** The user's answer to a form; `form` has its fields and message. */
type AnswerForm = () => Promise<{ action: 'accept'; content: Record<string, boolean> }>

interface CallOptions {
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
export interface SdkClient {
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

export const wrapV1 = (client: ClientV1): SdkClient => ({
  ...shared(client),
  call: async (name, input = {}, options = {}) =>
    Answer.parse(await client.callTool({ name, arguments: input }, undefined, options)),
  onForm: (answer) => client.setRequestHandler(ElicitRequestSchema, answer),
})

export const wrapV2 = (client: ClientV2): SdkClient => ({
  ...shared(client),
  call: async (name, input = {}, options = {}) =>
    Answer.parse(await client.callTool({ name, arguments: input }, options)),
  onForm: (answer) => client.setRequestHandler('elicitation/create', answer),
})

const shared = (client: ClientV1 | ClientV2): Omit<SdkClient, 'call' | 'onForm'> => ({
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

const agreed = { action: 'accept', content: { confirm: true } } as const
const Todos = z.object({ todos: z.array(z.object({ id: z.string(), text: z.string() })) })

const done = ({ isError, content }: Answer): void => {
  if (isError) throw new Error(`refused: ${JSON.stringify(content)}`)
}

/** Texts and ids of the list, as the client sees them. */
export async function todosOf(client: SdkClient): Promise<readonly { id: string; text: string }[]> {
  return Todos.parse((await client.call('listTodos')).structuredContent).todos
}

export async function checkTools(client: SdkClient): Promise<string> {
  const tools = await client.tools()
  verify('the tools are listed', tools.includes('listTodos') && tools.includes('deleteTodo'))
  done(await client.call('whoAmI'))
  return YES
}

/** Reads the list and one todo by the template, and checks the texts. */
export async function checkResources(client: SdkClient): Promise<string> {
  const [first] = await todosOf(client)
  const listed = await client.resources()
  verify('resources are listed', listed.includes('todo://list') && listed.includes('todo://items/{id}'))
  verify('the list is read', (await client.read('todo://list')).includes(first?.text ?? '?'))
  verify('one todo is read', (await client.read(`todo://items/${first?.id}`)).includes(first?.text ?? '?'))
  return YES
}

export async function checkPrompts(client: SdkClient): Promise<string> {
  const [first] = await todosOf(client)
  verify('the prompts are listed', (await client.prompts()).includes('planMyDay'))
  verify('a prompt has the todos', (await client.prompt('planMyDay')).includes(first?.text ?? '?'))
  return YES
}

export async function checkCompletion(client: SdkClient): Promise<string> {
  const ids = (await todosOf(client)).map(({ id }) => id)
  const found = await client.completeId()
  verify('exactly the own ids are offered', ids.length > 0 && ids.every((id) => found.includes(id)))
  return YES
}

/** Deletes two todos after the user agreed; returns the progress. */
export async function checkElicitation(
  client: SdkClient,
): Promise<{ asked: number; steps: readonly number[] }> {
  const [one, two] = await addTwo(client, 'ask')
  let asked = 0
  const steps: number[] = []
  client.onForm(async () => {
    asked += 1
    return agreed
  })
  const onprogress = ({ progress }: { progress: number }) => steps.push(progress)
  done(await client.call('deleteTodo', { ids: [one, two] }, { onprogress }))
  const left = (await todosOf(client)).map(({ id }) => id)
  verify('both are gone', !left.includes(one) && !left.includes(two))
  return { asked, steps }
}

/** Cancels the call during the question and agrees afterwards; returns whether the answer still counts. */
export async function checkCancellation(client: SdkClient): Promise<{ isLateAnswerUsed: boolean }> {
  const [one, two] = await addTwo(client, 'cancel')
  const cancel = new AbortController()
  const answered = Promise.withResolvers<null>()
  const answerLate: AnswerForm = async () => {
    cancel.abort()
    // The cancellation leaves before the answer.
    await new Promise((resolve) => setTimeout(resolve, 300))
    answered.resolve(null)
    return agreed
  }
  client.onForm(answerLate)
  const outcome = await client.call('deleteTodo', { ids: [one, two] }, { signal: cancel.signal }).then(
    () => 'answered',
    () => 'cancelled',
  )
  await answered.promise
  verify('the call is given up', outcome === 'cancelled')
  const areGone = async () => {
    const left = (await todosOf(client)).map(({ id }) => id)
    return !left.includes(one) && !left.includes(two)
  }
  // An ignored answer has no signal, so this waits many times longer than a normal answer takes.
  const used = vi.waitUntil(areGone, { timeout: 2500, interval: 200 })
  const isLateAnswerUsed = await used.catch(() => false)
  const left = (await todosOf(client)).map(({ id }) => id)
  // Either both deletions are done, or none.
  verify('all or nothing', isLateAnswerUsed || (left.includes(one) && left.includes(two)))
  return { isLateAnswerUsed }
}

async function addTwo(client: SdkClient, word: string): Promise<readonly [string, string]> {
  for (const text of [`${word} one`, `${word} two`]) done(await client.call('addTodo', { text }))
  const [one, two] = (await todosOf(client)).filter(({ text }) => text.startsWith(`${word} `))
  if (one === undefined || two === undefined) throw new Error('what was added is not on the list')
  return [one.id, two.id]
}
