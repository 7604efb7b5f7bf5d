import { randomUUID } from 'node:crypto'
import { Events, ExportPage, Users } from '#operate/api-schema.ts'
import { Browser } from '#harness/browser.ts'
import { Operator } from '#harness/operator.ts'
import { whenShipped } from '../support/local-records.ts'
import { type Canary, newCanary } from '../support/canaries.ts'
import { connectMcp, withSignIn } from '#harness/mcp-clients.ts'
import { type OAuthClient, tokensIn } from '#harness/oauth-client.ts'
import type { OtherAnswer } from '../support/recording-proxy.ts'
import { signIn, type SignInOptions } from '#harness/sign-in.ts'
import { callToolStateless } from '#harness/transport.ts'
import { storyContext } from '#harness/story.ts'
import { type CanaryWorld, inserted } from './canary-world.ts'

const BOTH = 'todo:read todo:write'
const canary = inserted.apiError.value

/** One argument of each class (test/support/operator-worker). */
export const argumentsOf = {
  plain: newCanary('plain argument'),
  personal: newCanary('personal argument'),
  undeclared: newCanary('undeclared argument'),
  hash: newCanary('argument to be hashed'),
  secret: newCanary('secret argument'),
}
const LOCKER = {
  place: argumentsOf.plain.value,
  owner: argumentsOf.personal.value,
  undeclared: argumentsOf.undeclared.value,
  email: argumentsOf.hash.value,
  pin: argumentsOf.secret.value,
}

/** What an operator types, as the reason of an act that is done and of one that is refused. */
export const reasons = [newCanary('reason of an act'), newCanary('reason of a refused act')] as const

/** Every error of the API, each with a canary in it. */
const API_ANSWERS: readonly OtherAnswer[] = [
  { status: 500, body: canary },
  { status: 502, headers: { 'content-type': 'text/html' }, body: `<h1>${canary}</h1>` },
  {
    status: 422,
    headers: { 'content-type': 'application/problem+json' },
    body: JSON.stringify({ code: canary, detail: canary }),
  },
  {
    status: 403,
    headers: { 'www-authenticate': `Bearer error="${canary}", error_description="${canary}"` },
    body: canary,
  },
  { status: 404, headers: { 'x-backend': canary }, body: canary },
  { status: 409, body: canary },
  { status: 429, headers: { 'retry-after': canary }, body: canary },
  { status: 307, headers: { location: `/${canary}?token=${canary}` }, body: canary },
  { status: 200, headers: { 'content-type': canary }, body: canary },
  { status: 200, body: JSON.stringify({ todos: [{ id: canary, text: canary, completed: canary }] }) },
  { status: 401, headers: { 'www-authenticate': `Bearer error_description="${canary}"` }, body: canary },
]

/** Runs everything that the system does, with and without errors, while the wires are recorded. */
export async function runEverything(
  world: CanaryWorld,
  todoText: Canary,
): Promise<{ passwords: string[]; emails: string[] }> {
  const story = storyContext(world.addresses)
  const { answer, addresses } = world
  const client = await story.newClient()
  const confidential = await story.newClient({ token_endpoint_auth_method: 'client_secret_basic' })
  const users = [story.newUser(), story.newUser()] as const
  const [ada, bob] = users
  const login = (options: SignInOptions = {}, by: OAuthClient = client) =>
    signIn(new Browser(), by.authorize({ scope: BOTH }).url, { user: ada, ...options })

  await login({ decision: 'deny' })
  await login({ apiDecision: 'deny' })
  for (const switches of [
    { flowError: { error: 'server_error', description: inserted.pingoneError.value } },
    { flowError: { error: inserted.pingoneError.value, description: inserted.pingoneError.value } },
    { idToken: 'foreign-key' },
    { idToken: 'wrong-nonce' },
    { accessToken: 'wrong-audience' },
    { callbackCode: 'foreign' },
    { callbackState: 'wrong' },
    { faults: { token: '503' } },
  ]) {
    await story.emulator.set(switches)
    await login()
    await story.emulator.set(Object.fromEntries(Object.keys(switches).map((name) => [name, null])))
  }
  const problem = { error: inserted.pingoneError.value, error_description: inserted.pingoneError.value }
  for (const status of [400, 401, 500, 302]) {
    answer.token = {
      status,
      headers: { 'content-type': 'application/json', location: `/${inserted.pingoneError.value}` },
      body: JSON.stringify({ ...problem, ...(status === 401 ? { error: 'invalid_client' } : {}) }),
    }
    await login()
  }
  answer.token = undefined

  const { tokens } = await story.signInWith(client, { asked: BOTH, user: ada })
  await story.signInWith(confidential, { asked: BOTH, user: ada }).catch(() => 'it must authenticate')
  await using stateful = await connectMcp('sdk-v1', addresses.mcpUrl, {
    signIn: { user: bob },
    keepsRefreshTokens: false,
  })
  await withSignIn(stateful, () => stateful.callTool('addTodo', { text: todoText.value }))
  let bearer = tokens.access_token
  const onBothTransports = async (name: string, input: Record<string, unknown> = {}) => {
    await callToolStateless(client, bearer, name, input)
    await stateful.callTool(name, input).catch(() => 'an HTTP status')
  }
  const callAll = async () => {
    await onBothTransports('whoAmI')
    await onBothTransports('addTodo', { text: todoText.value })
    await onBothTransports('listTodos')
    await onBothTransports('openLocker', LOCKER)
    await onBothTransports('openLocker', { ...LOCKER, pin: [LOCKER.pin] })
    await onBothTransports('updateTodo', { id: crypto.randomUUID(), completed: true })
    await onBothTransports('deleteTodo', { id: crypto.randomUUID() })
  }
  await callAll()
  for (const bad of API_ANSWERS) {
    answer.api = bad
    await callAll()
  }
  answer.api = undefined

  const next = tokensIn(await client.refresh(tokens.refresh_token ?? ''))
  await client.refresh('made-up')
  bearer = next.access_token
  // An expiring token is refreshed; if PingOne denies the refresh, the client gets 401.
  await story.emulator.set({ accessTokenSeconds: 30 })
  const short = await story.signInWith(client, { asked: BOTH, user: ada })
  bearer = short.tokens.access_token
  await onBothTransports('listTodos')
  answer.token = { status: 503, body: inserted.pingoneError.value }
  await onBothTransports('listTodos')
  answer.token = undefined
  await story.emulator.endSessions()
  await onBothTransports('listTodos')
  await client.revoke(next.refresh_token ?? '')
  await callToolStateless(client, next.access_token, 'whoAmI')
  await visitErrorPages(addresses.origin, bearer)
  await operate(story, bob.username)
  return { passwords: users.map(({ password }) => password), emails: users.map(({ email }) => email) }
}

/** An operator opens protected arguments and a reason, ends a user's access, exports the log, and fails with everything. */
async function operate(story: ReturnType<typeof storyContext>, username: string): Promise<void> {
  const user = story.newUser()
  await story.emulator.setGroups(user.username, ['mcp-operators', 'mcp-auditors'])
  const operator = await Operator.signIn(story.origin, user)
  const [good, bad] = reasons
  await whenShipped(story.stateDir)
  const [found] = Users.parse((await operator.get('/users', { name: username })).body).users
  if (found === undefined) throw new Error('the directory does not know the user')
  const act = {
    act: randomUUID(),
    target: { operation: 'end-user', user: found.id } as const,
    reason: good.value,
  }
  await operator.post('/acts', act)
  await operator.post('/acts', { ...act, act: randomUUID(), reason: `${bad.value}\u0007` })
  await operator.post('/acts', {
    ...act,
    act: randomUUID(),
    target: { operation: 'reveal' },
    reason: bad.value,
  })
  await whenShipped(story.stateDir)
  const { events } = Events.parse((await operator.get('/events', { limit: '500' })).body)
  for (const { id: event } of events)
    await operator.post('/reveal', { act: randomUUID(), event, reason: good.value })
  let page = await operator.post('/export', { act: randomUUID(), reason: good.value })
  for (let { next } = ExportPage.parse(page.body); next !== null; { next } = ExportPage.parse(page.body))
    page = await operator.post('/export/pages', { next })
  await new Operator(story.origin, `${operator.token}x`).get('/me')
  await operator.post('/sign-out')
  await operator.get('/me')
}

async function visitErrorPages(origin: string, bearer: string): Promise<void> {
  for (const path of [
    '/nothing',
    '/callback?code=made-up&state=made-up',
    '/authorize',
    '/mcp',
    '/token',
    '/health',
  ]) {
    for (const method of ['GET', 'POST']) {
      const headers = { authorization: `Bearer ${bearer}`, cookie: 'upstream=made-up' }
      const response = await fetch(`${origin}${path}`, { method, headers, redirect: 'manual' })
      await response.text()
    }
  }
}
