import {
  acceptedContent,
  CLIENT_CAPABILITIES_META_KEY,
  createRequestStateCodec,
  inputRequired,
  inputResponse,
  type McpServer,
  type ServerContext,
} from '@modelcontextprotocol/server'
import { z } from 'zod'
import { describeFixture, text } from './contents.ts'

/** The key for the state of these fixtures only. */
const state = createRequestStateCodec<{ step: string }>({
  key: 'conformance fixtures: not a secret of anyone',
})

type Answer = ReturnType<typeof inputRequired> | { content: ReturnType<typeof text>[] }
type Ask = (context: ServerContext) => Promise<Answer>

const NameForm = z.object({ name: z.string() })
const done = (words: string): Answer => ({ content: [text(words)] })
const askName = () => inputRequired.elicit({ message: 'What is your name?', requestedSchema: NameForm })
const askText = (question: string) =>
  inputRequired.createMessage({ messages: [{ role: 'user', content: text(question) }], maxTokens: 50 })

const elicitation: Ask = async ({ mcpReq }) => {
  const given = acceptedContent(mcpReq.inputResponses, 'user_name', NameForm)
  return given === undefined
    ? inputRequired({ inputRequests: { user_name: askName() } })
    : done(`Hello, ${given.name}!`)
}

const sampling: Ask = async ({ mcpReq }) =>
  inputResponse(mcpReq.inputResponses, 'capital_question').kind === 'missing'
    ? inputRequired({ inputRequests: { capital_question: askText('What is the capital of France?') } })
    : done('Thank you.')

const listRoots: Ask = async ({ mcpReq }) =>
  inputResponse(mcpReq.inputResponses, 'client_roots').kind === 'missing'
    ? inputRequired({ inputRequests: { client_roots: inputRequired.listRoots() } })
    : done('Thank you.')

const multipleInputs: Ask = async ({ mcpReq }) => {
  const keys = ['user_name', 'greeting', 'client_roots']
  if (keys.every((key) => inputResponse(mcpReq.inputResponses, key).kind !== 'missing'))
    return done('Thank you.')
  return inputRequired({
    inputRequests: {
      user_name: askName(),
      greeting: askText('Greet somebody.'),
      client_roots: inputRequired.listRoots(),
    },
    requestState: await state.mint({ step: 'all' }),
  })
}

const multiRound: Ask = async ({ mcpReq }) => {
  if (inputResponse(mcpReq.inputResponses, 'step2').kind !== 'missing') return done('Thank you.')
  const step = inputResponse(mcpReq.inputResponses, 'step1').kind === 'missing' ? 'step1' : 'step2'
  return inputRequired({ inputRequests: { [step]: askName() }, requestState: await state.mint({ step }) })
}

const ClientCapabilities = z.object({
  [CLIENT_CAPABILITIES_META_KEY]: z.object({
    sampling: z.unknown().optional(),
    elicitation: z.unknown().optional(),
  }),
})

/** Asks only what the client declared to support. */
const capabilities: Ask = async ({ mcpReq }) => {
  const declared = ClientCapabilities.parse(mcpReq.envelope)[CLIENT_CAPABILITIES_META_KEY]
  const inputRequests = {
    ...(declared.sampling === undefined ? {} : { greeting: askText('Greet somebody.') }),
    ...(declared.elicitation === undefined ? {} : { user_name: askName() }),
  }
  return Object.keys(inputRequests).length === 0
    ? done('Nothing can be asked.')
    : inputRequired({ inputRequests })
}

const TOOLS: Readonly<Record<string, Ask>> = {
  test_input_required_result_elicitation: elicitation,
  test_input_required_result_sampling: sampling,
  test_input_required_result_list_roots: listRoots,
  test_input_required_result_multiple_inputs: multipleInputs,
  test_input_required_result_multi_round: multiRound,
  test_input_required_result_capabilities: capabilities,
}

export const inputRequiredNames = Object.keys(TOOLS)

export function addInputRequired(server: McpServer): void {
  for (const [name, ask] of Object.entries(TOOLS)) {
    server.registerTool(name, { description: describeFixture(name) }, (context) => ask(context))
  }
}
