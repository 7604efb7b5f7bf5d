import { readFileSync } from 'node:fs'
import { z } from 'zod'
import { describeStateFolder } from '#harness/local/state-folder.ts'
import { type Canary, canariesOf, canariesOfToken, newCanary } from '../support/canaries.ts'
import type { Exchange, OtherAnswer } from '../support/recording-proxy.ts'
import { OPERATOR_WORKER } from '../support/kept-places.ts'
import { startWatchedWorld, type WatchedWorld } from '../support/watched-world.ts'

/** Extra members in every answer of PingOne and the API. */
const inserted = {
  apiHeader: newCanary('header of the API'),
  apiCookie: newCanary('cookie of the API'),
  apiMember: newCanary('member of an API answer'),
  apiTodo: newCanary('member of a todo'),
  apiError: newCanary('error of the API'),
  pingoneHeader: newCanary('header of PingOne'),
  pingoneCookie: newCanary('cookie of PingOne'),
  pingoneMember: newCanary('member of a PingOne answer'),
  pingoneError: newCanary('error of PingOne'),
}
export { inserted }

const Todos = z.looseObject({ todos: z.array(z.looseObject({})) })
const addToApiAnswer = (body: unknown) => {
  const list = Todos.safeParse(body)
  if (!list.success) return body
  const todos = list.data.todos.map((todo) => ({ ...todo, backendOnly: inserted.apiTodo.value }))
  return { ...list.data, todos, backendOnly: inserted.apiMember.value }
}
const addToPingOneAnswer = (body: unknown) =>
  typeof body === 'object' && body !== null && !Array.isArray(body)
    ? { ...body, backendOnly: inserted.pingoneMember.value }
    : body

export interface CanaryWorld extends WatchedWorld {
  /** Overrides the answers of the API or of PingOne's token endpoint. */
  readonly answer: { api?: OtherAnswer | undefined; token?: OtherAnswer | undefined }
}

export async function startCanaryWorld(): Promise<CanaryWorld> {
  const answer: CanaryWorld['answer'] = {}
  const world = await startWatchedWorld({
    entry: OPERATOR_WORKER,
    todoApi: {
      instead: ({ url }) => (url.startsWith('/api/') ? answer.api : undefined),
      extra: {
        headers: {
          'x-backend': inserted.apiHeader.value,
          'set-cookie': `backend=${inserted.apiCookie.value}; Path=/`,
        },
        change: addToApiAnswer,
      },
    },
    pingone: {
      instead: ({ url }) => (url.endsWith('/as/token') ? answer.token : undefined),
      extra: {
        headers: {
          'x-backend': inserted.pingoneHeader.value,
          'set-cookie': `upstream=${inserted.pingoneCookie.value}; Path=/`,
        },
        change: addToPingOneAnswer,
      },
    },
  })
  return { ...world, answer }
}

const Keys = z.object({ rootKeys: z.string(), clientSecret: z.string() })
const IssuedTokens = z.looseObject({
  access_token: z.string().optional(),
  refresh_token: z.string().optional(),
  id_token: z.string().optional(),
  client_secret: z.string().optional(),
})

const jsonOf = (text: string): unknown => {
  try {
    return JSON.parse(text)
  } catch {
    return undefined // A page issues nothing.
  }
}
export const pathOf = ({ url }: Pick<Exchange, 'url'>): string => new URL(url, 'http://x').pathname
const at = ({ exchanges }: WatchedWorld['mcp'], path: string) =>
  exchanges.filter((exchange) => pathOf(exchange) === path)
const issuedIn = ({ answered }: Exchange) => IssuedTokens.safeParse(jsonOf(answered.body)).data ?? {}
const cookiesIn = ({ answered }: Exchange) =>
  answered.headers.getSetCookie().map((line) => /^[^=]+=([^;]*)/.exec(line)?.[1])
const codesIn = ({ answered }: Exchange) =>
  [...`${answered.headers.get('location')} ${answered.body}`.matchAll(/[?&]code=([^&"'\s]+)/g)].map(
    ([, code]) => decodeURIComponent(code ?? ''),
  )

/** Secrets between PingOne and the server, and the server's own: never for a client or a log. */
export function secretsOf({ pingone, addresses }: WatchedWorld): readonly Canary[] {
  const { rootKeys, clientSecret } = Keys.parse(
    jsonOf(readFileSync(describeStateFolder(addresses.stateDir).keys, 'utf8')),
  )
  const exchanges = pingone.exchanges.filter(({ url }) => url.endsWith('/as/token'))
  const asked = exchanges.map(({ asked: { body } }) => new URLSearchParams(body))
  return [
    ...Object.values(inserted),
    ...canariesOf('root key', [rootKeys.split(':')[1]]),
    ...canariesOf('client secret', [clientSecret]),
    ...canariesOf(
      'PKCE verifier',
      asked.map((form) => form.get('code_verifier')),
    ),
    ...exchanges.flatMap((exchange) => {
      const { access_token = '', refresh_token, id_token } = issuedIn(exchange)
      return [
        ...(access_token === '' ? [] : canariesOfToken('access token of PingOne', access_token)),
        ...(id_token === undefined ? [] : canariesOfToken('id token', id_token)),
        ...canariesOf('refresh token of PingOne', [refresh_token]),
      ]
    }),
    ...canariesOf('session cookie of PingOne', pingone.exchanges.flatMap(cookiesIn)),
  ]
}

export const pingoneCodesOf = ({ pingone }: WatchedWorld): readonly Canary[] =>
  canariesOf('code of PingOne', pingone.exchanges.flatMap(codesIn))

const tokensOf = (exchanges: readonly Exchange[]) =>
  exchanges.flatMap((exchange) => {
    const { access_token, refresh_token } = issuedIn(exchange)
    return canariesOf('token of ours', [access_token, refresh_token])
  })

/** Secrets that the server issued, each allowed in one place of the protocol. */
export const ownSecretsOf = ({ mcp, pingone }: WatchedWorld) => ({
  tokens: tokensOf(at(mcp, '/token')),
  operatorTokens: tokensOf(at(mcp, '/operate/token')),
  operatorCodes: canariesOf('code of an operator', at(mcp, '/signed-in').flatMap(codesIn)),
  clientSecrets: canariesOf(
    'secret of a client',
    mcp.exchanges.map((one) => issuedIn(one).client_secret),
  ),
  codes: canariesOf('code of ours', at(mcp, '/callback').flatMap(codesIn)),
  cookies: canariesOf('cookie of ours', mcp.exchanges.flatMap(cookiesIn)),
  handles: canariesOf(
    'handle of a login',
    pingone.exchanges.map(({ url }) => new URL(url, 'http://x').searchParams.get('state')),
  ),
})
