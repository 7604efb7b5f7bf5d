import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { json } from 'node:stream/consumers'
import { z } from 'zod'

/** A model endpoint on loopback that calls the tool its prompt names, then repeats what the tool answered. */
export interface ScriptedModel extends AsyncDisposable {
  readonly origin: string
  /** The tools of the latest request that had any. */
  readonly offered: readonly string[]
  /** What tools answered, newest last. */
  readonly answers: readonly string[]
}

/** The prompt for one call. */
export const promptFor = (tool: string, input: Readonly<Record<string, string>>): string =>
  `CALL ${tool} ${JSON.stringify(input)}`

export interface Turn {
  readonly prompt: { readonly tool: string; readonly input: unknown } | undefined
  /** Answers of tools since that prompt. */
  readonly answers: readonly string[]
  readonly offered: readonly string[]
}

export type Reply = { readonly tool: string; readonly input: unknown } | { readonly text: string }

/** Clients put the server's name before a tool's name: `todos_addTodo`, `mcp__todos__addTodo`. */
export function replyTo({ prompt, answers, offered }: Turn): Reply {
  if (prompt === undefined) return { text: 'ready' }
  if (answers.length > 0) return { text: `ANSWER ${answers.join('\n')}` }
  const tool = offered.find((name) => name === prompt.tool || new RegExp(`[_.-]${prompt.tool}$`).test(name))
  if (tool !== undefined) return { tool, input: prompt.input }
  return { text: `NO TOOL ${prompt.tool} among ${offered.join(' ')}` }
}

/** Some clients put their prompt in quotes and escape those in it. */
const PROMPT = /CALL (\w+) (\{[^{}]*\})/
function readPrompt(text: string): Turn['prompt'] {
  const [, tool, input] = PROMPT.exec(text.replaceAll(String.raw`\"`, '"')) ?? []
  return tool === undefined || input === undefined ? undefined : { tool, input: JSON.parse(input) }
}

const Text = z.union([
  z.string(),
  z
    .array(z.looseObject({ text: z.string().optional() }))
    .transform((parts) => parts.map((part) => part.text ?? '').join('\n')),
])
const ChatRequest = z.looseObject({
  stream: z.boolean().default(false),
  messages: z.array(z.looseObject({ role: z.string(), content: Text.nullish() })),
  tools: z.array(z.looseObject({ function: z.looseObject({ name: z.string() }).optional() })).default([]),
})
const GeminiRequest = z.looseObject({
  contents: z.array(
    z.looseObject({
      parts: z
        .array(z.looseObject({ text: z.string().optional(), functionResponse: z.unknown().optional() }))
        .default([]),
    }),
  ),
  tools: z
    .array(z.looseObject({ functionDeclarations: z.array(z.looseObject({ name: z.string() })).default([]) }))
    .default([]),
})

/** The latest prompt, and what tools answered after it. */
function turnOf(parts: readonly { text?: string; answer?: string }[], offered: readonly string[]): Turn {
  let turn: Turn = { prompt: undefined, answers: [], offered }
  for (const { text = '', answer } of parts) {
    const prompt = answer === undefined ? readPrompt(text) : undefined
    if (prompt !== undefined) turn = { prompt, answers: [], offered }
    else if (answer !== undefined) turn = { ...turn, answers: [...turn.answers, answer] }
  }
  return turn
}

/** OpenAI, Chat Completions. */
export const readChat = (request: z.infer<typeof ChatRequest>): Turn =>
  turnOf(
    request.messages.map(({ role, content }) =>
      role === 'tool' ? { answer: content ?? '' } : role === 'user' ? { text: content ?? '' } : {},
    ),
    request.tools.flatMap((tool) => tool.function?.name ?? []),
  )

/** Gemini, generateContent. */
export const readGemini = (request: z.infer<typeof GeminiRequest>): Turn =>
  turnOf(
    request.contents.flatMap(({ parts }) =>
      parts.map(({ text, functionResponse }) =>
        functionResponse === undefined
          ? text === undefined
            ? {}
            : { text }
          : { answer: JSON.stringify(functionResponse) },
      ),
    ),
    request.tools.flatMap((tool) => tool.functionDeclarations.map(({ name }) => name)),
  )

export async function startScriptedModel(): Promise<ScriptedModel> {
  let offered: readonly string[] = []
  const answers: string[] = []
  const answerTurn = (turn: Turn): Reply => {
    if (turn.offered.length > 0) offered = turn.offered
    answers.push(...turn.answers)
    return replyTo(turn)
  }
  const answer = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const { pathname } = new URL(request.url ?? '/', 'http://localhost')
    if (request.method !== 'POST')
      return sendJson(response, { object: 'list', data: [{ id: 'scripted', object: 'model' }] })
    const body = await json(request)
    if (pathname.endsWith('/chat/completions')) {
      const chat = ChatRequest.parse(body)
      return sendChat(response, answerTurn(readChat(chat)), chat.stream)
    }
    if (/:(?:streamGenerateContent|generateContent)$/.test(pathname)) {
      const reply = answerTurn(readGemini(GeminiRequest.parse(body)))
      return sendGemini(response, reply, pathname.endsWith(':streamGenerateContent'))
    }
    if (pathname.endsWith(':countTokens')) return sendJson(response, { totalTokens: 1 })
    response.writeHead(404).end()
  }
  const server = createServer((request, response) => {
    answer(request, response).catch((error: unknown) => {
      response.writeHead(500).end(String(error))
    })
  })
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve)
  })
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('the model has no port')
  return {
    origin: `http://127.0.0.1:${address.port}`,
    get offered() {
      return offered
    },
    answers,
    [Symbol.asyncDispose]: () =>
      new Promise((resolve) => {
        server.closeAllConnections()
        server.close(() => resolve())
      }),
  }
}

const sendJson = (response: ServerResponse, body: unknown): void => {
  response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(body))
}

const sendEvents = (response: ServerResponse, events: readonly string[]): void => {
  response
    .writeHead(200, { 'content-type': 'text/event-stream' })
    .end(events.map((event) => `data: ${event}\n\n`).join(''))
}

const USAGE = { prompt_tokens: 1, completion_tokens: 1, total_tokens: 2 }

function sendChat(response: ServerResponse, reply: Reply, isStream: boolean): void {
  const common = { id: 'scripted', created: 1, model: 'scripted' }
  const reason = 'tool' in reply ? 'tool_calls' : 'stop'
  const message =
    'tool' in reply
      ? {
          role: 'assistant',
          content: null,
          tool_calls: [
            {
              index: 0,
              id: `call_${Date.now()}`,
              type: 'function',
              function: { name: reply.tool, arguments: JSON.stringify(reply.input) },
            },
          ],
        }
      : { role: 'assistant', content: reply.text }
  if (!isStream) {
    const choices = [{ index: 0, message, finish_reason: reason }]
    return sendJson(response, { ...common, object: 'chat.completion', choices, usage: USAGE })
  }
  const chunk = (delta: unknown, finish: string | null) =>
    JSON.stringify({
      ...common,
      object: 'chat.completion.chunk',
      choices: [{ index: 0, delta, finish_reason: finish }],
      ...(finish === null ? {} : { usage: USAGE }),
    })
  sendEvents(response, [chunk(message, null), chunk({}, reason), '[DONE]'])
}

function sendGemini(response: ServerResponse, reply: Reply, isStream: boolean): void {
  const part =
    'tool' in reply ? { functionCall: { name: reply.tool, args: reply.input } } : { text: reply.text }
  const body = {
    candidates: [{ index: 0, content: { role: 'model', parts: [part] }, finishReason: 'STOP' }],
    usageMetadata: { promptTokenCount: 1, candidatesTokenCount: 1, totalTokenCount: 2 },
  }
  if (isStream) sendEvents(response, [JSON.stringify(body)])
  else sendJson(response, body)
}
