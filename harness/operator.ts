import { createHash, randomBytes } from 'node:crypto'
import { z } from 'zod'
import { Browser, type Page } from './browser.ts'
import type { Reply } from './oauth-client.ts'
import { continueSignIn } from './sign-in.ts'
import type { User } from './users.ts'

const Token = z.object({ access_token: z.string(), token_type: z.literal('Bearer'), expires_in: z.number() })

type Parameters = Readonly<Record<string, string | undefined>>

/** The sign-in of the command line, step by step, wrong steps too. */
export class OperatorSignIn {
  readonly #origin: string
  readonly browser: Browser
  readonly verifier = randomBytes(32).toString('base64url')
  readonly state = randomBytes(16).toString('base64url')
  readonly redirectUri = 'http://127.0.0.1:33419/operate'

  constructor(origin: string, browser = new Browser()) {
    this.#origin = origin
    this.browser = browser
  }

  get challenge(): string {
    return createHash('sha256').update(this.verifier).digest('base64url')
  }

  /** Omits parameters that are undefined. */
  address(parameters: Parameters = {}): URL {
    const url = new URL('/operate/authorize', this.#origin)
    url.search = formOf({
      response_type: 'code',
      client_id: 'operate-cli',
      redirect_uri: this.redirectUri,
      code_challenge: this.challenge,
      code_challenge_method: 'S256',
      state: this.state,
      resource: `${this.#origin}/operate`,
      ...parameters,
    }).toString()
    return url
  }

  openPage(parameters: Parameters = {}): Promise<Page> {
    return this.browser.open(this.address(parameters))
  }

  /** From the click on our page to PingOne's page that leads back. */
  async returning(user: User): Promise<Page> {
    const leaving = await this.browser.decide(await this.openPage(), 'approve')
    const { page } = await continueSignIn(this.browser, leaving, `${this.#origin}/signed-in`, { user })
    return page
  }

  /** From our page to the last one before the command: its `next` is the loopback address. */
  async finish(user: User): Promise<Page> {
    return this.browser.onward(await this.returning(user))
  }

  /** The code that the loopback address gets. */
  async code(user: User): Promise<string> {
    const page = await this.finish(user)
    const code = page.next?.searchParams.get('code')
    if (code == null) throw new Error(`no code: ${page.status} ${page.text}`)
    return code
  }

  redeem(code: string, parameters: Parameters = {}): Promise<Reply> {
    const body = formOf({
      grant_type: 'authorization_code',
      client_id: 'operate-cli',
      code,
      code_verifier: this.verifier,
      redirect_uri: this.redirectUri,
      ...parameters,
    })
    return replyOf(fetch(`${this.#origin}/operate/token`, { method: 'POST', body, redirect: 'manual' }))
  }
}

/** A signed-in operator at the operator API. */
export class Operator {
  readonly #origin: string
  readonly token: string
  readonly expiresIn: number

  constructor(origin: string, token: string, expiresIn = 0) {
    this.#origin = origin
    this.token = token
    this.expiresIn = expiresIn
  }

  static async signIn(origin: string, user: User, browser = new Browser()): Promise<Operator> {
    const signIn = new OperatorSignIn(origin, browser)
    const reply = await signIn.redeem(await signIn.code(user))
    if (reply.status !== 200) throw new Error(`no token: ${reply.status} ${JSON.stringify(reply.body)}`)
    const { access_token, expires_in } = Token.parse(reply.body)
    return new Operator(origin, access_token, expires_in)
  }

  get(path: string, query: Parameters = {}): Promise<Reply> {
    const url = new URL(`/operate/v1${path}`, this.#origin)
    url.search = formOf(query).toString()
    return replyOf(fetch(url, { headers: this.#headers }))
  }

  post(path: string, body?: unknown): Promise<Reply> {
    return replyOf(
      fetch(`${this.#origin}/operate/v1${path}`, {
        method: 'POST',
        headers: { ...this.#headers, ...(body === undefined ? {} : { 'content-type': 'application/json' }) },
        body: body === undefined ? null : JSON.stringify(body),
      }),
    )
  }

  get #headers() {
    return { authorization: `Bearer ${this.token}` }
  }
}

async function replyOf(answering: Promise<Response>): Promise<Reply> {
  const response = await answering
  const text = await response.text()
  const isJson = response.headers.get('content-type')?.startsWith('application/json') === true
  const body: unknown = isJson ? JSON.parse(text) : text
  return { status: response.status, headers: response.headers, body }
}

const formOf = (parameters: Parameters): URLSearchParams =>
  new URLSearchParams(
    Object.entries(parameters).flatMap(([name, value]) => (value === undefined ? [] : [[name, value]])),
  )
