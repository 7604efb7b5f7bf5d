import { ORIGIN } from '../settings.ts'
import {
  approval,
  askedOfPingOne,
  callbackOf,
  fromOurPage,
  handleIn,
  type Init,
  type OAuthClient,
  type Send,
} from '../oauth-client.ts'
import type { Answer } from '../wire.ts'
import { retryAfter, send } from './send.ts'

const MOST_STEPS = 8

/**
 * One user in one browser, from a client's request to its code. Each step sends the next request. A failed step leaves
 * what can be retried: the form of the page, or the same request.
 */
export class Login {
  readonly #subject: string
  readonly #redirectUri: string
  readonly #cookies = new Map<string, string>()
  #next: { path: string; init?: Init }
  code: string | null = null
  /** The last answer. */
  answer: Answer | null = null
  /** What the user leaves ticked on our page. */
  ticked: readonly string[] = ['todo:read', 'todo:write']

  constructor(client: OAuthClient, subject: string) {
    this.#subject = subject
    this.#redirectUri = client.redirectUri
    this.#next = { path: client.page }
  }

  /** Sends the next request and returns the outcome as a word. `ask`: who answers it. */
  async step(ask: Send = send): Promise<string> {
    const { path, init } = this.#next
    const cookie = [...this.#cookies].map(([name, value]) => `${name}=${value}`).join('; ')
    const answer = await ask(path, { ...init, headers: { ...fromOurPage, cookie } })
    for (const set of answer.headers.getSetCookie()) {
      const [, name = '', value = ''] = /^([^=]+)=([^;]*)/.exec(set) ?? []
      if (value === '') this.#cookies.delete(name)
      else this.#cookies.set(name, value)
    }
    this.answer = answer
    return this.#read(answer)
  }

  /** Stops before the callback that PingOne's answer leads to. */
  async toCallback(): Promise<this> {
    while (!this.#next.path.startsWith('/callback')) await this.#good()
    return this
  }

  /** Sends a modified callback once. The original stays for the next step. */
  async callbackWith(change: (answer: URLSearchParams) => void): Promise<string> {
    const before = this.#next
    const url = new URL(before.path, ORIGIN)
    change(url.searchParams)
    this.#next = { path: `${url.pathname}${url.search}` }
    const word = await this.step()
    this.#next = before
    return word
  }

  async toCode(): Promise<string> {
    for (let steps = 0; this.code === null; steps += 1) {
      if (steps > MOST_STEPS) throw new Error('the login goes in circles')
      await this.#good()
    }
    return this.code
  }

  async #good(): Promise<void> {
    const word = await this.step()
    if (word !== 'ok') throw new Error(`the login ends with: ${word}`)
  }

  #read(answer: Answer): string {
    const { status, headers, text } = answer
    const location = headers.get('location')
    if (location !== null) return this.#readRedirect(status, location)
    const title = /<title>([^<]*)/.exec(text)?.[1] ?? 'no page'
    const handle = handleIn(text)
    if (handle !== undefined) this.#next = { path: '/authorize', init: approval(handle, this.ticked) }
    const asked = askedOfPingOne(text)
    if (asked !== null) this.#next = { path: callbackOf(asked, this.#subject) }
    if (status === 200) return 'ok'
    if (status !== 503) return `${status} ${title}`
    if (!(retryAfter(answer) > 0)) return '503 without Retry-After'
    return handle === undefined ? 'sorry' : 'try'
  }

  #readRedirect(status: number, location: string): string {
    const { searchParams } = new URL(location)
    this.code = searchParams.get('code')
    if (status === 302 && location.startsWith(this.#redirectUri) && this.code !== null) return 'ok'
    return `client hears ${searchParams.get('error') ?? 'nothing'}`
  }
}
