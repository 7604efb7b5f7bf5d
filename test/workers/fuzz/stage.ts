import { env } from 'cloudflare:workers'
import { askedOfPingOne, handleIn } from '../oauth-client.ts'
import { ORIGIN } from '../settings.ts'
import { newToken, userNamed } from '../stored-bearer.ts'
import { createExecutionContext } from 'cloudflare:test'
import { z } from 'zod'
import { INITIALIZE, mcpRequest } from '#harness/messages.ts'
import { authorizeFields, cookiesOf, registration } from '../wire.ts'
import worker from './worker.ts'

/** A role, resolved when a case runs, so that a printed failure is readable. */
export type Who = 'writer' | 'reader' | 'stranger' | 'nobody'

/** A session opened in advance: the caller's, another user's, made up, or none. */
export type SessionName = 'plain' | 'asking' | 'of-another' | 'made-up' | 'none'

/** One request. A `{placeholder}` in path, headers or body stands for a value of the stage. */
export interface FuzzRequest {
  method: string
  path: string
  who: Who
  session: SessionName
  headers: readonly (readonly [string, string])[]
  body: string | null
}

type Init = RequestInit<IncomingRequestCfProperties>
export const ask = (path: string, init: Init): Promise<Response> =>
  worker.fetch(
    new Request<unknown, IncomingRequestCfProperties>(`${ORIGIN}${path}`, { ...init, redirect: 'manual' }),
    env,
    createExecutionContext(),
  )

let networks = 0
/** A separate network per request: rate limits are not under test here. */
const network = () => `2001:db8:${((networks += 1) % 65_536).toString(16)}::1`

const owners = { writer: 'ada', reader: 'bob' } as const
type Owner = keyof typeof owners
const capabilities = { plain: {}, asking: { elicitation: {} } } as const

/** The users, sessions and logins that random requests refer to. What a case ends is restored before the next batch. */
export class Stage {
  readonly #bearers: Readonly<Record<Owner, string>>
  readonly #sessions = new Map<string, string>()
  readonly #words = new Map<string, string>()

  private constructor(bearers: Readonly<Record<Owner, string>>) {
    this.#bearers = bearers
    this.#words.set('writer', bearers.writer)
  }

  static async make(): Promise<Stage> {
    return new Stage({
      writer: await newToken(await userNamed(owners.writer), ['todo:read', 'todo:write']),
      reader: await newToken(await userNamed(owners.reader)),
    })
  }

  /** Opens missing sessions and begins a login that waits for PingOne's answer. */
  async prepare(): Promise<void> {
    for (const owner of ['writer', 'reader'] as const)
      for (const kind of ['plain', 'asking'] as const)
        if (!this.#sessions.has(`${owner} ${kind}`))
          this.#sessions.set(`${owner} ${kind}`, await this.#open(owner, kind))
    await this.#beginLogin()
  }

  send(sent: FuzzRequest): Promise<Response> {
    const headers = new Headers(sent.headers.map(([name, value]) => [name, this.#fillIn(value)]))
    headers.set('CF-Connecting-IP', network())
    const bearer = this.#bearer(sent.who)
    if (bearer !== null) headers.set('authorization', `Bearer ${bearer}`)
    const session = this.#session(sent.who, sent.session)
    if (session !== null) headers.set('mcp-session-id', session)
    const body = sent.body === null ? null : this.#fillIn(sent.body)
    return ask(this.#fillIn(sent.path), { method: sent.method, headers, body })
  }

  forgetSession({ who, session }: FuzzRequest): void {
    this.#sessions.delete(`${who} ${session}`)
  }

  #bearer(who: Who): string | null {
    if (who === 'nobody') return null
    return who === 'stranger' ? `${'a'.repeat(22)}.k1.${'b'.repeat(43)}:x:y` : this.#bearers[who]
  }

  #session(who: Who, session: SessionName): string | null {
    if (session === 'none') return null
    if (session === 'made-up') return `${'a'.repeat(64)}.${'b'.repeat(43)}`
    const other = who === 'writer' ? 'reader' : 'writer'
    const key = session === 'of-another' ? `${other} plain` : `${who} ${session}`
    return this.#sessions.get(key) ?? null
  }

  /** Replaces placeholders without any encoding. */
  #fillIn(text: string): string {
    return text.replaceAll(/\{(\w+)\}/g, (whole, name: string) => this.#words.get(name) ?? whole)
  }

  async #open(owner: Owner, kind: keyof typeof capabilities): Promise<string> {
    const params = { ...INITIALIZE.params, capabilities: capabilities[kind] }
    const answer = await ask('/mcp', mcpRequest(this.#bearers[owner], { ...INITIALIZE, params }))
    await answer.text()
    const id = answer.headers.get('mcp-session-id')
    if (id === null) throw new Error(`no session: ${answer.status}`)
    return id
  }

  async #beginLogin(): Promise<void> {
    const client = this.#words.get('client') ?? (await register())
    const query = new URLSearchParams(authorizeFields(client))
    const page = await ask(`/authorize?${query.toString()}`, { headers: { 'CF-Connecting-IP': network() } })
    const handle = handleIn(await page.text())
    if (handle === undefined) throw new Error(`no consent page: ${page.status}`)
    const cookies = [cookiesOf(page)]
    const approved = await ask('/authorize', {
      method: 'POST',
      headers: { origin: ORIGIN, cookie: cookies.join('; '), 'CF-Connecting-IP': network() },
      body: new URLSearchParams({ handle, decision: 'approve', scope: 'todo:write' }),
    })
    const asked = askedOfPingOne(await approved.text())
    if (asked === null) throw new Error(`no link to PingOne: ${approved.status}`)
    cookies.push(cookiesOf(approved))
    this.#words.set('client', client)
    this.#words.set('handle', handle)
    this.#words.set('state', asked.get('state') ?? '')
    this.#words.set('cookies', cookies.filter((one) => one !== '').join('; '))
  }
}

const Registered = z.object({ client_id: z.string() })

async function register(): Promise<string> {
  const { headers, ...request } = registration()
  const answer = await ask('/register', {
    ...request,
    headers: { ...headers, 'CF-Connecting-IP': network() },
  })
  return Registered.parse(await answer.json()).client_id
}
