import { setTimeout as sleep } from 'node:timers/promises'
import { operateRoutes } from '#operate/api-schema.ts'
import { userLabel } from '../audit/users.ts'
import type { ApiDenial, ApiRequest, OperateApi, Route } from './client.ts'
import { signIn } from './sign-in.ts'
import { NotDone, shown, type Terminal } from './terminal.ts'
import type { TokenFile } from './token-file.ts'

/** Waits before the same request is sent again. */
const RETRY_WAITS_MS = [1000, 3000, 9000]

export interface OperatorDeps {
  readonly api: OperateApi
  readonly file: TokenFile
  readonly terminal: Terminal
  readonly retryWaitsMs?: readonly number[]
}

/** Talks to the server as a signed-in operator. Signs in when the server asks for it. */
export class Operator {
  readonly #deps: OperatorDeps
  /** A second sign-in in one request would not help. */
  #token: string | undefined

  constructor(deps: OperatorDeps) {
    this.#deps = deps
    this.#token = deps.file.read()
  }

  get origin(): string {
    return this.#deps.api.origin
  }

  /** Sends a request that may be sent again, and returns its answer. Throws a NotDone for a denial. */
  async send<T>(route: Route<T>, request: ApiRequest = {}): Promise<T> {
    const reply = await this.ask(route, request)
    if ('denial' in reply) throw new NotDone(reply.denial.sentence)
    return reply.answer
  }

  /** The same; a denial that no sign-in and no retry changes is returned. */
  async ask<T>(route: Route<T>, request: ApiRequest = {}): Promise<{ answer: T } | { denial: ApiDenial }> {
    const { api, retryWaitsMs = RETRY_WAITS_MS } = this.#deps
    const waits = [...retryWaitsMs]
    let hasSignedIn = this.#token === undefined
    let token = this.#token ?? (await this.#signIn(null))
    for (;;) {
      const reply = await api.send(route, token, request)
      if (reply.ok) return { answer: reply.value }
      const { code, sentence } = reply.error
      if ((code === 'unauthenticated' || code === 'stale') && !hasSignedIn) {
        hasSignedIn = true
        token = await this.#signIn(sentence)
        continue
      }
      const waitMs = code === 'unavailable' ? waits.shift() : undefined
      if (waitMs === undefined) return { denial: reply.error }
      await sleep(waitMs)
    }
  }

  async #signIn(why: string | null): Promise<string> {
    const { api, file, terminal } = this.#deps
    file.remove()
    if (why !== null) terminal.say(why)
    const requirePage = (address: string) => api.requirePage(address)
    const { token, endsAtMs } = await signIn({ ...terminal, origin: api.origin, requirePage })
    file.write(token, endsAtMs)
    this.#token = token
    const me = await api.send(operateRoutes.me, token)
    if (me.ok) {
      const { id, roles } = me.value
      terminal.say(`Signed in as ${shown(userLabel(me.value) ?? id)}: ${roles.join(', ')}.`)
    }
    return token
  }

  /** Ends the sign-in here and at the server. False: there was none. */
  async signOut(): Promise<boolean> {
    const { api, file } = this.#deps
    const token = this.#token
    file.remove()
    if (token === undefined) return false
    const reply = await api.send(operateRoutes.signOut, token)
    if (!reply.ok && reply.error.code !== 'unauthenticated') throw new NotDone(reply.error.sentence)
    return true
  }
}
