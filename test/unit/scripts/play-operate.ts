import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { text } from 'node:stream/consumers'
import { API_PATH, type DirectoryUser, type Me } from '#operate/api-schema.ts'

/** One answer of the played server: a denial by its code, or the body of a 200. */
export type Played =
  | { readonly denial: string; readonly status: number; readonly problems?: readonly string[] }
  | { readonly body: object }

export interface PlayedRequest {
  /** Method and path below the API. In the routes, `*` is the id of an act. */
  readonly route: string
  readonly query: Readonly<Record<string, string>>
  readonly token: string | undefined
  readonly body: unknown
}

export interface PlayedServer extends AsyncDisposable {
  readonly origin: string
  readonly requests: readonly PlayedRequest[]
  /** Tokens that it gave out, in order. */
  readonly tokens: readonly string[]
  /** The form of the last request for a token. */
  readonly form: () => URLSearchParams
}

export const grace: Me = {
  id: 'graceAAAAAAAAAAAAAAAAA',
  name: 'Grace Hopper',
  username: 'grace',
  roles: ['viewer', 'operator'],
  authenticatedAt: '2026-11-29T10:00:00.000Z',
  endsAt: '2026-11-29T10:15:00.000Z',
}

/** The token of an earlier command. */
export const KEPT_TOKEN = 'op_kept'
export const ACT = '7b0e9a52-0000-4000-8000-000000000001'
export const BOB = 'bobAAAAAAAAAAAAAAAAAAA'
export const OTHER_BOB = 'bobBBBBBBBBBBBBBBBBBBB'
export const directoryUser = (
  id: string,
  name: string | null = 'bob',
  username: string | null = null,
): DirectoryUser => ({
  id,
  name,
  username,
  firstSeenAt: '2026-11-01T10:00:00.000Z',
  lastSeenAt: '2026-11-29T10:00:00.123Z',
})
export const oneBob: Played = { body: { users: [directoryUser(BOB)], next: null } }
export const nobody: Played = { body: { users: [], next: null } }

/** A terminal whose user gives these answers; null: nobody can be asked. Its browser signs in at once. */
export function playTerminal(answers: readonly string[] | null) {
  const out: string[] = []
  const said: string[] = []
  const waiting = [...(answers ?? [])]
  const ask = async (question: string): Promise<string> => {
    said.push(question)
    return waiting.shift() ?? ''
  }
  return {
    print: (line: string) => void out.push(line),
    say: (line: string) => void said.push(line),
    ask: answers === null ? null : ask,
    openBrowser: (address: string) => {
      const request = new URL(address).searchParams
      const target = new URL(request.get('redirect_uri') ?? '')
      target.search = new URLSearchParams({ code: 'c', state: request.get('state') ?? '' }).toString()
      void fetch(target)
    },
    out: () => out.join('\n'),
    said: () => said.join('\n'),
  }
}

/**
 * Plays the operator API for tests of the command: a route answers its replies in order, the last one for good. It accepts
 * the tokens that it gave out, and KEPT_TOKEN if `knowsKept`. `isThere`: whether it has operators at all.
 */
export async function playOperate(
  routes: Readonly<Record<string, readonly Played[]>>,
  { knowsKept = true, isThere = true }: { knowsKept?: boolean; isThere?: boolean } = {},
): Promise<PlayedServer> {
  const requests: PlayedRequest[] = []
  const tokens: string[] = []
  const counts = new Map<string, number>()
  let form = new URLSearchParams()

  const replyTo = (route: string, token: string | undefined): Played => {
    if (token === undefined || !(tokens.includes(token) || (knowsKept && token === KEPT_TOKEN)))
      return { denial: 'unauthenticated', status: 401 }
    if (route === 'GET /me') return { body: grace }
    const replies = routes[route] ??
      routes[route.replace(/\/acts\/[^/]+\//, '/acts/*/')] ?? [{ denial: 'not-found', status: 404 }]
    const at = counts.get(route) ?? 0
    counts.set(route, at + 1)
    return replies[Math.min(at, replies.length - 1)] ?? { denial: 'not-found', status: 404 }
  }

  const server = createServer((request, response) => void reply(request, response))

  async function reply(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const url = new URL(request.url ?? '/', 'http://localhost')
    const sent = await text(request)
    const answer = (status: number, body: object) => {
      response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body))
    }
    if (!isThere) return void response.writeHead(404).end('Not found')
    if (url.pathname === '/operate/authorize') return void response.writeHead(200).end('Sign in?')
    if (url.pathname === '/operate/token') {
      form = new URLSearchParams(sent)
      const token = `op_${tokens.length + 1}`
      tokens.push(token)
      return answer(200, { access_token: token, token_type: 'Bearer', expires_in: 900 })
    }
    const route = `${request.method} ${url.pathname.slice(API_PATH.length)}`
    const token = request.headers.authorization?.replace(/^Bearer /, '')
    const body: unknown = sent === '' ? undefined : JSON.parse(sent)
    requests.push({ route, query: Object.fromEntries(url.searchParams), token, body })
    const played = replyTo(route, token)
    if ('body' in played) return answer(200, played.body)
    const message = `The server says ${played.denial}.`
    const { denial: code, status, problems } = played
    answer(status, { error: { code, message, incident: 'i-1', problems } })
  }
  const port = await new Promise<number>((resolve, reject) => {
    server.listen({ host: '127.0.0.1', port: 0 }, () => {
      const address = server.address()
      if (address === null || typeof address === 'string') return reject(new Error('no port'))
      resolve(address.port)
    })
  })
  return {
    origin: `http://127.0.0.1:${port}`,
    requests,
    tokens,
    form: () => form,
    [Symbol.asyncDispose]: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
}
