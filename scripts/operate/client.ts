import type { z } from 'zod'
import { API_PATH, ErrorBody, type ErrorCode } from '#operate/api-schema.ts'
import { parseJson } from '#harness/local/private-file.ts'
import { isLocal } from './target.ts'
import { NotDone, shown } from './terminal.ts'

/** One of `operateRoutes`. */
export interface Route<T> {
  readonly method: 'GET' | 'POST'
  readonly path: string
  readonly answer: z.ZodType<T>
}

/** What a request says: `parameters` replace `:names` of the path. */
export interface ApiRequest {
  readonly parameters?: Readonly<Record<string, string>>
  readonly query?: Readonly<Record<string, string | number | boolean | undefined>>
  readonly body?: object
}

/** A denial of the server, or what stands for it. */
export interface ApiDenial {
  readonly code: ErrorCode
  readonly sentence: string
}

export type ApiReply<T> =
  | { readonly ok: true; readonly value: T }
  | { readonly ok: false; readonly error: ApiDenial }

const TIMEOUT_MS = 60_000

/** The operator API of one server. It parses every answer with the server's own schemas. */
export class OperateApi {
  readonly origin: string
  readonly #fetch: typeof fetch

  constructor(origin: string, fetchIt: typeof fetch = fetch) {
    this.origin = origin
    this.#fetch = fetchIt
  }

  async send<T>(route: Route<T>, token: string, request: ApiRequest = {}): Promise<ApiReply<T>> {
    const { method, path, answer } = route
    const body = method === 'POST' ? JSON.stringify(request.body ?? {}) : null
    const response = await this.#reach(addressOf(this.origin, path, request), {
      method,
      headers: {
        accept: 'application/json',
        authorization: `Bearer ${token}`,
        ...(body === null ? {} : { 'content-type': 'application/json' }),
      },
      body,
    })
    const json = parseJson(response.text)
    if (response.status === 200) return { ok: true, value: this.#read(answer, json) }
    const denial = ErrorBody.safeParse(json)
    if (!denial.success) throw new NotDone(this.#strange(response.status))
    return { ok: false, error: denialOf(denial.data) }
  }

  /** Throws if the page of the sign-in is not there, so that no browser opens in vain. */
  async requirePage(address: string): Promise<void> {
    const { status } = await this.#reach(new URL(address), { headers: { accept: 'text/html' } })
    if (status !== 200) throw new NotDone(this.#strange(status))
  }

  async #reach(url: URL, init: RequestInit): Promise<{ status: number; text: string }> {
    try {
      const signal = AbortSignal.timeout(TIMEOUT_MS)
      const response = await this.#fetch(url, { ...init, redirect: 'manual', signal })
      return { status: response.status, text: await response.text() }
    } catch (error) {
      throw new NotDone(unreachable(this.origin), { cause: error })
    }
  }

  #read<T>(schema: z.ZodType<T>, json: unknown): T {
    const read = schema.safeParse(json)
    if (read.success) return read.data
    throw new NotDone(`${this.origin} answers in another form: use the command of its release.`)
  }

  #strange(status: number): string {
    if (status === 404)
      return `${this.origin} has no operators: OPERATOR_GROUP, AUDITOR_GROUP, POLICY_EDITOR_GROUP or VIEWER_GROUP must be set (docs/configuration.md).`
    return `${this.origin} answered ${status}, and not as the operator API does.`
  }
}

const unreachable = (origin: string): string =>
  isLocal(origin)
    ? `No MCP server answers at ${origin}. Start it in another terminal: npm start`
    : `No MCP server answers at ${origin}. Check the address after --server.`

function addressOf(origin: string, template: string, { parameters = {}, query = {} }: ApiRequest): URL {
  const path = template.replaceAll(/:(\w+)/g, (_, parameter: string) =>
    encodeURIComponent(parameters[parameter] ?? ''),
  )
  const url = new URL(`${API_PATH}${path}`, origin)
  for (const [key, value] of Object.entries(query))
    if (value !== undefined) url.searchParams.set(key, String(value))
  return url
}

function denialOf({ error: { code, message, incident, problems = [] } }: ErrorBody): ApiDenial {
  const sentence = [message, ...problems.map((problem) => `  ${problem}`)].map(shown).join('\n')
  return { code, sentence: incident === undefined ? sentence : `${sentence} (incident ${shown(incident)})` }
}
