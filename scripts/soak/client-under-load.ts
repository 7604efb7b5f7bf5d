import { setTimeout as sleep } from 'node:timers/promises'
import { z } from 'zod'
import { callMessage, messageIn } from '#harness/messages.ts'
import { describeReply, type OAuthClient, type Reply, type Tokens, tokensIn } from '#harness/oauth-client.ts'
import { answerStepUp, requestStepUp } from '#harness/step-up.ts'
import { callToolStateless, openSession } from '#harness/transport.ts'
import { signInWith, type storyContext } from '#harness/story.ts'
import type { User } from '#harness/users.ts'

const PAUSE_MS = 40
const REFRESH_EVERY = 4
const PATIENCE_MS = 60_000

/** The reported outcome of one write: done, not done, or unknown. */
export type ReportedOutcome = 'done' | 'not done' | 'unknown'

/** One user's client: writes and refreshes continuously while the server is killed and restarted. */
export interface ClientUnderLoad {
  readonly username: string
  readonly writes: ReadonlyMap<string, ReportedOutcome>
  readonly refreshes: () => number
  /** Ends the load. Throws when the client was signed out or got an invalid answer. */
  finish(): Promise<void>
  /** The number of occurrences of each text in the list. */
  list(): Promise<ReadonlyMap<string, number>>
}

/** How a client writes: in a session, or in single requests, with or without a step-up before the first write. */
export const KINDS_OF_CLIENT = ['stateless', 'session', 'step-up'] as const

export async function startClient(
  client: OAuthClient,
  story: ReturnType<typeof storyContext>,
  kind: (typeof KINDS_OF_CLIENT)[number],
): Promise<ClientUnderLoad> {
  const isStepUp = kind === 'step-up'
  const { tokens, user, client: own } = isStepUp ? await stepUp(story) : await login(client)
  return underLoad(own, { tokens, user, session: kind === 'session' })
}

const login = async (client: OAuthClient) => ({
  ...(await signInWith(client, { asked: 'todo:read todo:write' })),
  client,
})

/** A user who allows the first write in a step-up. */
async function stepUp(story: ReturnType<typeof storyContext>) {
  const asked = await requestStepUp(story)
  await answerStepUp(asked.link, asked.user)
  return asked
}

interface LoggedIn {
  readonly tokens: Tokens
  readonly user: User
  /** Whether the writes are in a session. */
  readonly session: boolean
}

async function underLoad(client: OAuthClient, { tokens, user, session }: LoggedIn): Promise<ClientUnderLoad> {
  let pair = tokens
  const id = session ? await openSession(client, tokens.access_token) : null
  let refreshes = 0
  const over = new AbortController()
  const writes = new Map<string, ReportedOutcome>()

  const addTodo = (text: string) => {
    const authorization = `Bearer ${pair.access_token}`
    return id === null
      ? callToolStateless(client, pair.access_token, 'addTodo', { text })
      : client.mcp(callMessage('addTodo', { text }), { authorization, 'mcp-session-id': id })
  }
  const write = async () => {
    const text = `${user.username} ${writes.size}`
    writes.set(text, 'unknown')
    const reply = await answered(() => addTodo(text))
    if (reply !== null) writes.set(text, outcomeOf(reply))
    // Presents the same token again until the server is back.
    else await refresh()
  }
  const refresh = async () => {
    const presented = pair.refresh_token ?? ''
    pair = tokensIn(await retryUntilAnswered(() => client.refresh(presented)))
    refreshes += 1
  }
  const load = (async () => {
    for (let turn = 1; !over.signal.aborted; turn += 1) {
      await (turn % REFRESH_EVERY === 0 ? refresh() : write())
      await sleep(PAUSE_MS)
    }
  })()
  // Handled in finish(); prevents an unhandled rejection until then.
  load.catch(() => {})

  return {
    username: user.username,
    writes,
    refreshes: () => refreshes,
    async finish() {
      over.abort()
      await load
      await refresh()
    },
    async list() {
      const texts: string[] = []
      let after: string | null = null
      do {
        const part = after === null ? {} : { after }
        const reply = await retryUntilAnswered(() =>
          callToolStateless(client, pair.access_token, 'listTodos', part),
        )
        const page = pageIn(reply)
        texts.push(...page.todos.map(({ text }) => text))
        after = page.next
      } while (after !== null)
      return new Map([...new Set(texts)].map((text) => [text, texts.filter((one) => one === text).length]))
    },
  }
}

const Result = z.object({
  result: z.object({
    isError: z.boolean().optional(),
    structuredContent: z.unknown(),
  }),
})

const Page = z.object({ todos: z.array(z.object({ text: z.string() })), next: z.string().nullable() })

/** The answer is JSON, or one event. */
const resultIn = ({ body }: Reply) => Result.parse(typeof body === 'string' ? messageIn(body) : body).result

function outcomeOf(reply: Reply): ReportedOutcome {
  if (reply.status === 503) return 'not done'
  if (reply.status !== 200) throw new Error(`a write: ${describeReply(reply)}`)
  return resultIn(reply).isError === true ? 'unknown' : 'done'
}

function pageIn(reply: Reply): z.infer<typeof Page> {
  if (reply.status !== 200) throw new Error(`the list: ${describeReply(reply)}`)
  return Page.parse(resultIn(reply).structuredContent)
}

/** null: the server died before it answered, or is down. The proxy before workerd then answers 5xx without JSON. */
async function answered(ask: () => Promise<Reply>): Promise<Reply | null> {
  try {
    const reply = await ask()
    return reply.status >= 500 && typeof reply.body === 'string' ? null : reply
  } catch (error) {
    // fetch throws TypeError on every connection failure; a truncated body is invalid JSON.
    if (error instanceof TypeError || error instanceof SyntaxError) return null
    throw error
  }
}

/** Retries the same request until there is an answer. */
async function retryUntilAnswered(ask: () => Promise<Reply>): Promise<Reply> {
  const end = performance.now() + PATIENCE_MS
  for (;;) {
    const reply = await answered(ask)
    if (reply !== null && reply.status !== 503) return reply
    if (performance.now() > end) throw new Error(`no answer for ${PATIENCE_MS} ms`)
    await sleep(100)
  }
}
