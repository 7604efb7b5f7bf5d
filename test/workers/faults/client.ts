import { runInDurableObject } from 'cloudflare:test'
import { env } from 'cloudflare:workers'
import { z } from 'zod'
import { Login } from './login.ts'
import { OAuthClient, register, Tokens } from '../oauth-client.ts'
import { DOCUMENT } from '../settings.ts'
import { callMessage, INITIALIZE, mcpRequest, messageIn, META, statelessHeaders } from '#harness/messages.ts'
import { type Answer, registration } from '../wire.ts'
import { retryAfter, send } from './send.ts'

export const transports = ['stateless', 'session'] as const
export type Transport = (typeof transports)[number]

const TokenError = z.object({ error: z.string(), error_description: z.string() })

/** A public client with one pair of tokens. Its methods return the outcome as a word. */
export class Client {
  readonly id: string
  tokens: Tokens = { access_token: '', refresh_token: '' }
  /** Returns whole answers in place of words. */
  readonly oauth: OAuthClient
  #session: string | null = null

  private constructor(id: string, redirectUri?: string) {
    this.id = id
    this.oauth = new OAuthClient(send, id, redirectUri)
  }

  static async register(redirectUri?: string, name?: string): Promise<Client> {
    return new Client(await register(send, redirectUri, name), redirectUri)
  }

  /** Registers another client. Returns the outcome as a word. */
  static async tryToRegister(): Promise<string> {
    const answer = await send('/register', registration())
    return answer.status === 201 ? 'ok' : readTokenError(answer)
  }

  /** A client known only by its metadata document. */
  static withDocument(): Client {
    return new Client(DOCUMENT)
  }

  login(subject: string = crypto.randomUUID()): Login {
    return new Login(this.oauth, subject)
  }

  async signIn(subject?: string): Promise<this> {
    const word = await this.redeem(await this.login(subject).toCode())
    if (word !== 'ok') throw new Error(`the code brings: ${word}`)
    return this
  }

  async redeem(code: string): Promise<string> {
    return this.#read(await this.oauth.redeem(code))
  }

  async refresh(): Promise<string> {
    return this.#read(await this.oauth.refresh(this.tokens.refresh_token))
  }

  /** A tool call. On the session transport all calls share one session. */
  async call(transport: Transport, name: string, input: object = {}): Promise<string> {
    const message = callMessage(name, input)
    if (transport === 'stateless') {
      const stateless = { ...message, params: { ...message.params, _meta: META } }
      return readCall(await this.#mcp(stateless, statelessHeaders('tools/call', name)))
    }
    await this.openSession()
    return readCall(await this.#mcp(message, { 'mcp-session-id': this.#session ?? '' }))
  }

  async openSession(): Promise<void> {
    this.#session ??= (await this.#mcp(INITIALIZE)).headers.get('mcp-session-id')
  }

  /** The session that all calls of the session transport share; null before the first. */
  get session(): string | null {
    return this.#session
  }

  /** The recorded outcome of the last call; undefined before the first. */
  async lastOutcome(): Promise<unknown> {
    const last = 'SELECT outcome FROM calls ORDER BY rowid DESC LIMIT 1'
    return runInDurableObject(this.user, (_, { storage }) => storage.sql.exec(last).toArray()[0]?.['outcome'])
  }

  get user() {
    return env.USER.getByName(this.tokens.access_token.split('.')[0] ?? '')
  }

  #mcp(message: object, headers: Record<string, string> = {}): Promise<Answer> {
    return send('/mcp', mcpRequest(this.tokens.access_token, message, headers))
  }

  #read(answer: Answer): string {
    if (answer.status === 200) {
      this.tokens = Tokens.parse(JSON.parse(answer.text))
      return 'ok'
    }
    return readTokenError(answer)
  }
}

/** A failure of /token or /register. */
function readTokenError(answer: Answer): string {
  const isJson = answer.headers.get('content-type')?.startsWith('application/json') === true
  const json: unknown = isJson ? JSON.parse(answer.text) : null
  const { error } = TokenError.safeParse(json).data ?? { error: 'no error of OAuth' }
  const isUncached = answer.headers.get('cache-control')?.includes('no-store') === true
  const isTemporary = answer.status === 503 && error === 'temporarily_unavailable' && retryAfter(answer) > 0
  return isTemporary && isUncached ? 'later' : `${answer.status} ${error}`
}

const Block = z.object({ text: z.string() })
const CallResult = z.object({
  result: z.object({ isError: z.boolean().optional(), content: z.tuple([Block], Block) }),
})

/** The sentences of mcp/calls/tool-denial.ts as words. */
const sentences: readonly [RegExp, string][] = [
  [/does not answer\. Nothing was changed/, 'unanswered'],
  [/is busy\. Nothing was changed\. Try again in 7 seconds/, 'busy'],
  [/unknown whether this change was made\. Do not repeat it/, 'unknown'],
]

function readCall(answer: Answer): string {
  const { status, text } = answer
  if (status === 503) return retryAfter(answer) > 0 ? 'later' : '503 without Retry-After'
  if (status !== 200) return `${status} ${text.slice(0, 300)}`
  const { result } = CallResult.parse(messageIn(text))
  const [{ text: sentence }] = result.content
  if (result.isError !== true) return 'ok'
  return sentences.find(([pattern]) => pattern.test(sentence))?.[1] ?? `says: ${sentence}`
}
