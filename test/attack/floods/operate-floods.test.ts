import { env } from 'cloudflare:workers'
import { expect, test } from 'vitest'
import { roles } from '#lib/roles.ts'
import { API_PATH, operateRoutes } from '#operate/api-schema.ts'
import { newOperatorToken } from '#operate/operator-token.ts'
import { policyRoutes } from '#operate/policy-schema.ts'
import { ORIGIN } from '../../workers/settings.ts'
import { newToken, random, userNamed } from '../../workers/stored-bearer.ts'
import { bearer, countStored, flood, network, type Send, serverWith } from './server.ts'
import { paths } from './worker.ts'

// Invariant 16 at /operate: strangers store nothing and reach no object, and who fails too often disturbs nobody else.

const OPERATED = { OPERATOR_GROUP: 'mcp-operators', AUDITOR_GROUP: 'mcp-auditors' }
const MANY = 200
const JSON_TYPE = { 'content-type': 'application/json' }

const TABLES = ['events', 'chains', 'users', 'sessions', 'client_cutoffs', 'rejected_events'] as const

/** Objects, KV and the rows of D1 that are no count of denials. */
async function everythingStored() {
  const rows = await env.RECORDS.batch<{ n: number }>(
    TABLES.map((table) => env.RECORDS.prepare(`SELECT count(*) AS n FROM ${table}`)),
  )
  return { ...(await countStored()), rows: rows.map(({ results }) => results[0]?.n) }
}

const madeUpUser = () => `${random(22)}.k1.${random(43)}`
const madeUpTokens = [
  () => `op_${madeUpUser()}~${random(43)}`,
  () => `${madeUpUser()}:${random(16)}:${random(32)}`,
  () => random(64),
]

/** A body that each route accepts, with names that nobody has. */
function bodyOf(path: string): object {
  const [act, reason] = [crypto.randomUUID(), 'ticket 42']
  const target = { operation: 'block-user', user: random(22) }
  if (path === '/acts/preview') return target
  if (path === '/acts') return { act, target, reason }
  if (path === '/reveal') return { act, reason, event: '01a228c5-24fe-778d-ba7f-b6ab300491be' }
  if (path === '/export') return { act, reason }
  const document = JSON.stringify({ version: 1, default: 'allow', rules: [] })
  const [hash, base] = [random(43), random(43)]
  if (path === '/policy/preview') return { document }
  if (path === '/policy/apply') return { act, reason, document, base }
  if (path === '/policy/rollback') return { act, reason, hash, base }
  if (path.startsWith('/policy/')) return { act, reason, hash }
  if (path === '/switches') {
    const says = 'It is being repaired.'
    return { act, reason, target: { kind: 'user', value: random(22) }, says, until: null }
  }
  if (path.startsWith('/switches/')) return { act, reason }
  return { next: `v1.k1.${random(16)}.${random(200)}` }
}

/** What reads and changes the data of users, and what reads and changes the policy. */
const ofUsers = Object.values(operateRoutes)
const routes = [...ofUsers, ...Object.values(policyRoutes)]

const requestOf = ({ method, path }: (typeof routes)[number], headers: Record<string, string>, at = 0) => {
  const query = path === '/clients' ? `?user=${random(22)}` : ''
  const id = path.startsWith('/switches/') ? crypto.randomUUID() : random(22)
  const full = path.replace(':id', id).replace(':act', crypto.randomUUID()).replace(':hash', random(43))
  return [
    `${API_PATH}${full}${query}`,
    {
      method,
      from: network(at),
      headers: { ...headers, ...JSON_TYPE },
      ...(method === 'POST' ? { body: JSON.stringify(bodyOf(path)) } : {}),
    },
  ] as const
}

/** An operator who signed in a moment ago. */
async function operatorNamed(subject: string) {
  const { id, object } = await userNamed(subject)
  const { text, session } = await newOperatorToken(id)
  await object().openOperator(session, {
    roles: [...roles],
    userName: 'Grace',
    preferredUsername: 'grace',
    authenticatedAtSeconds: Math.floor(Date.now() / 1000),
    network: '192.0.2.0/24',
    agent: 'node',
  })
  return text
}

const askMe = (send: Send, token: string, from: string) =>
  send(`${API_PATH}/me`, { method: 'GET', from, headers: bearer(token) })

test('every route of the operator API is asked here', () => {
  const routed = paths.filter((path) => path.startsWith(`${API_PATH}/`) && !path.endsWith('*'))
  expect(new Set(routes.map(({ path }) => `${API_PATH}${path}`))).toEqual(new Set(routed))
})

test.for(routes.map((route) => [`${route.method} ${route.path}`, route] as const))(
  'T15 %s with a made-up or a missing bearer is 401, reaches no object and stores nothing',
  async ([, route]) => {
    const send = serverWith(OPERATED)
    const before = await everythingStored()
    const { statuses } = await flood(MANY, (at) => {
      const token = madeUpTokens[at % 4]?.()
      return send(...requestOf(route, token === undefined ? {} : bearer(token), at))
    })
    expect(statuses).toEqual({ 401: MANY })
    expect(await everythingStored()).toEqual(before)
  },
)

test('T49 an operator who asks for users, events and places that nobody has reaches no object', async () => {
  const send = serverWith(OPERATED)
  const token = await operatorNamed('grace')
  const before = await everythingStored()
  const statuses: Record<string, number> = {}
  for (const route of ofUsers) {
    // These change what is stored about the operator.
    if (['/sign-out', '/export'].includes(route.path)) continue
    statuses[`${route.method} ${route.path}`] = (await send(...requestOf(route, bearer(token)))).status
  }
  expect(statuses).toEqual({
    'GET /me': 200,
    'GET /users': 200,
    'GET /users/:id': 404,
    'GET /clients': 404,
    'GET /cutoffs': 200,
    'GET /sessions': 200,
    'GET /events': 200,
    'POST /acts/preview': 404,
    'POST /acts': 404,
    'POST /acts/:act/continue': 404,
    'POST /reveal': 404,
    'POST /export/pages': 404,
  })
  expect(await everythingStored()).toEqual(before)
})

const signIn = (code: string) => ({
  body: new URLSearchParams({
    grant_type: 'authorization_code',
    client_id: 'operate-cli',
    redirect_uri: 'http://127.0.0.1:33419/operate',
    code_verifier: random(43),
    code,
  }),
})

test('T49 made-up codes, requests and forms of the sign-in store nothing', async () => {
  const send = serverWith(OPERATED)
  const before = await everythingStored()
  const codes = await flood(MANY, (at) =>
    send('/operate/token', { from: network(at), ...signIn(`v1.k1.${random(16)}.${random(300)}`) }),
  )
  expect(codes.statuses).toEqual({ 400: MANY })
  const good = new URLSearchParams({
    response_type: 'code',
    client_id: 'operate-cli',
    redirect_uri: 'http://127.0.0.1:33419/operate',
    code_challenge: random(43),
    code_challenge_method: 'S256',
    state: random(43),
  })
  const page = `/operate/authorize?${good.toString()}`
  const pages = await flood(MANY, (at) => send(page, { method: 'GET', from: network(at) }))
  expect(pages.statuses).toEqual({ 200: MANY })
  const headers = { origin: ORIGIN, cookie: `__Host-operate=${random(43)}` }
  const forms = await flood(MANY, (at) =>
    send(page, {
      from: network(at),
      headers,
      body: new URLSearchParams({ csrf: random(64), decision: 'approve' }),
    }),
  )
  expect(forms.statuses).toEqual({ 403: MANY })
  expect(await everythingStored()).toEqual(before)
})

test.for([
  ['bearers', (send: Send, from: string) => askMe(send, madeUpTokens[0]?.() ?? '', from)],
  [
    'bearers of an operator',
    (send: Send, from: string, id: string) => askMe(send, `op_${id}~${random(43)}`, from),
  ],
  ['codes', (send: Send, from: string) => send('/operate/token', { from, ...signIn(random(40)) })],
  ['requests to sign in', (send: Send, from: string) => send('/operate/authorize', { method: 'GET', from })],
] as const)('who sends too many wrong %s waits, and no operator does', async ([kind, fail]) => {
  const send = serverWith(OPERATED)
  const from = `198.51.${kind.length}.7`
  const [{ id }, operator] = [await userNamed('grace'), await operatorNamed('grace')]
  // More than two windows of the platform's counter, because one may end meanwhile.
  const { statuses, answers } = await flood(1300, () => fail(send, from, id))
  expect(statuses[429]).toBeGreaterThan(0)
  const last = answers.findLast(({ status }) => status === 429)
  expect(Number(last?.headers.get('retry-after'))).toBeGreaterThan(0)
  // From another network and from this one: only failures are limited.
  for (const network_ of ['203.0.113.8', from])
    expect((await askMe(send, operator, network_)).status).toBe(200)
  // A wrong bearer from another network is not over its limit.
  expect((await askMe(send, madeUpTokens[0]?.() ?? '', '203.0.113.8')).status).toBe(401)
})

test('T43 a token of a client is no bearer of an operator, and reaches no object', async () => {
  const send = serverWith(OPERATED)
  const token = await newToken(await userNamed('ada'))
  const { statuses } = await flood(MANY, (at) => askMe(send, token, network(at)))
  expect(statuses).toEqual({ 401: MANY })
})
