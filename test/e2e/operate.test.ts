import { randomUUID } from 'node:crypto'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, expect, test } from 'vitest'
import { Cutoffs, ExportPage, Preview, Sessions, ShownUser, Users } from '#operate/api-schema.ts'
import { checkCodeOf } from '#operate/native-client.ts'
import { Browser } from '#harness/browser.ts'
import { Operator, OperatorSignIn } from '#harness/operator.ts'
import { continueSignIn, signIn } from '#harness/sign-in.ts'
import { storyContext } from '#harness/story.ts'
import { callToolStateless, openSession } from '#harness/transport.ts'
import { grace, mary } from '#harness/users.ts'
import { audit, whenShipped } from '../support/local-records.ts'
import { begin, denialIn, eventsOf, idOf, perform, REASON } from '../support/operate.ts'

const story = storyContext()
afterEach(() => story.emulator.reset())

const statusOf = async (client: Parameters<typeof callToolStateless>[0], token: string) =>
  (await callToolStateless(client, token, 'listTodos')).status

/** A signed-in user of a client, whom the directory knows. */
async function knownUser(operator: Operator) {
  const client = await story.newClient()
  const login = await story.signInWith(client)
  return { client, ...login, token: login.tokens.access_token, id: await idOf(operator, login.user.username) }
}

test('an operator signs in by one click and a fresh sign-in, and signs out', async () => {
  const signing = new OperatorSignIn(story.origin)
  const page = await signing.openPage()
  expect(page.text).toContain(await checkCodeOf(signing.challenge))
  const ended = await signing.finish(grace)
  expect(ended.next?.origin + (ended.next?.pathname ?? '')).toBe(signing.redirectUri)
  expect(ended.next?.searchParams.get('state')).toBe(signing.state)
  const operator = await Operator.signIn(story.origin, grace)
  expect(operator.expiresIn).toBeGreaterThan(800)
  expect(operator.expiresIn).toBeLessThanOrEqual(900)
  const me = await operator.get('/me')
  expect(me).toMatchObject({
    status: 200,
    body: { name: 'Grace Hopper', username: 'grace', roles: ['viewer', 'operator'] },
  })
  expect(me.headers.get('cache-control')).toBe('no-store')
  expect(await operator.post('/sign-out')).toMatchObject({ status: 200, body: { signedOut: true } })
  expect(denialIn(await operator.get('/me'))).toEqual([401, 'unauthenticated'])
})

test('a denial on our page goes back to the command as access_denied', async () => {
  const signing = new OperatorSignIn(story.origin)
  const page = await signing.browser.decide(await signing.openPage(), 'deny')
  expect(page.status).toBe(200)
  const answer = Object.fromEntries(page.next?.searchParams ?? [])
  expect(answer).toEqual({ error: 'access_denied', state: signing.state })
})

test('an operator finds a user by the username and by the display name', async () => {
  const operator = await Operator.signIn(story.origin, grace)
  const id = await idOf(operator, 'grace')
  for (const name of ['grace', 'GRACE', 'grace hopper']) {
    const { users } = Users.parse((await operator.get('/users', { name })).body)
    expect(users).toEqual([expect.objectContaining({ id, name: 'Grace Hopper', username: 'grace' })])
  }
})

test('an operator finds a user by name and sees what acts for them', async () => {
  const operator = await Operator.signIn(story.origin, grace)
  const { user, id, client } = await knownUser(operator)
  expect(
    Users.parse((await operator.get('/users', { name: user.username.toUpperCase() })).body).users,
  ).toEqual([expect.objectContaining({ id, name: user.username })])
  expect((await operator.get('/users', { name: `${user.username}x` })).body).toEqual({
    users: [],
    next: null,
  })
  expect(ShownUser.parse((await operator.get(`/users/${id}`)).body)).toMatchObject({
    id,
    isBlocked: false,
    grants: [{ client: { id: client.clientId }, ended: null }],
  })
  expect((await operator.get('/clients', { user: id })).body).toMatchObject({
    clients: [{ id: client.clientId, live: 1, ended: 0 }],
  })
})

test('ending a user is on record, and their next call is 401', async () => {
  const operator = await Operator.signIn(story.origin, grace)
  const { id, token, client } = await knownUser(operator)
  expect(await statusOf(client, token)).toBe(200)
  const target = { operation: 'end-user', user: id } as const
  expect(Preview.parse((await operator.post('/acts/preview', target)).body)).toEqual({
    affects: { users: 1, grants: 1 },
    isWalk: false,
    isExact: true,
  })
  expect(await statusOf(client, token)).toBe(200)
  const { act, affected } = await perform(operator, target)
  expect(await statusOf(client, token)).toBe(401)
  expect(affected).toEqual({ users: 1, grants: 1 })
  // The same act again ends nothing more.
  expect((await begin(operator, target, act)).body).toMatchObject({ affected: { grants: 1 } })
  await expect
    .poll(async () => (await eventsOf(operator, act)).map(({ type }) => type))
    .toEqual(expect.arrayContaining(['operator.began', 'operator.ended', 'grant.ended']))
  expect(JSON.stringify(await eventsOf(operator, act))).not.toContain(REASON)
})

test('blocking a user stops a login that is under way, and unblocking lets them in', async () => {
  const operator = await Operator.signIn(story.origin, grace)
  const { id, user, client } = await knownUser(operator)
  const browser = new Browser()
  const { url } = client.authorize()
  const half = await signIn(browser, url, { user, stopBefore: 'callback' })
  await perform(operator, { operation: 'block-user', user: id })
  const end = await continueSignIn(browser, half.page, client.redirectUri, { user })
  expect(end.answer?.get('error')).toBe('access_denied')
  await perform(operator, { operation: 'unblock-user', user: id })
  const { tokens } = await story.signInWith(client, { user })
  expect(await statusOf(client, tokens.access_token)).toBe(200)
})

test('ending a client ends it for every user, while one of them logs in', async () => {
  const operator = await Operator.signIn(story.origin, grace)
  const client = await story.newClient()
  const [one, two] = [await story.signInWith(client), await story.signInWith(client)]
  const session = await openSession(client, two.tokens.access_token)
  const [browser, third] = [new Browser(), story.newUser()]
  const authorization = client.authorize()
  const half = await signIn(browser, authorization.url, { user: third, stopBefore: 'callback' })
  await Promise.all([idOf(operator, one.user.username), idOf(operator, two.user.username)])
  const target = { operation: 'end-client', client: client.clientId } as const
  expect((await operator.post('/acts/preview', target)).body).toMatchObject({
    affects: { users: 2, grants: 2 },
    isWalk: true,
  })
  expect((await perform(operator, target)).affected).toEqual({ users: 2, grants: 2 })
  expect(await statusOf(client, one.tokens.access_token)).toBe(401)
  expect(await statusOf(client, two.tokens.access_token)).toBe(401)
  expect((await client.refresh(one.tokens.refresh_token ?? '')).body).toMatchObject({
    error: 'invalid_grant',
  })
  const inSession = await client.mcp(
    { jsonrpc: '2.0', id: 1, method: 'tools/list' },
    { authorization: `Bearer ${two.tokens.access_token}`, 'mcp-session-id': session },
  )
  expect(inSession.status).toBe(401)
  // A grant knows the second of its login, so the end of a client counts until the end of its second.
  const { cutoffs } = Cutoffs.parse((await operator.get('/cutoffs')).body)
  const until = Date.parse(cutoffs.find((one) => one.client === client.clientId)?.endedBefore ?? '')
  await expect.poll(() => Date.now()).toBeGreaterThanOrEqual(until)
  // A login that ends after the act is a new decision of its user.
  const { answer } = await continueSignIn(browser, half.page, client.redirectUri, { user: third })
  const redeemed = await client.redeem(answer?.get('code') ?? '', authorization.verifier)
  expect(redeemed.status).toBe(200)
})

test('a blocked client ends also where the walk did not find it, and no login gets it in', async () => {
  const operator = await Operator.signIn(story.origin, grace)
  const client = await story.newClient()
  const browser = new Browser()
  const { url } = client.authorize()
  const half = await signIn(browser, url, { user: story.newUser(), stopBefore: 'callback' })
  // D1 does not know this login yet.
  const { tokens } = await story.signInWith(client)
  await perform(operator, { operation: 'block-client', client: client.clientId })
  await expect.poll(() => statusOf(client, tokens.access_token)).toBe(401)
  expect((await client.refresh(tokens.refresh_token ?? '')).body).toMatchObject({ error: 'invalid_grant' })
  const { page, stage } = await continueSignIn(browser, half.page, client.redirectUri)
  expect([stage, page.status, page.title]).toEqual(['stuck', 403, 'This app is blocked here'])
  await perform(operator, { operation: 'unblock-client', client: client.clientId })
  expect(await statusOf(client, tokens.access_token)).toBe(401)
  await expect
    .poll(async () => {
      const again = await story.signInWith(client)
      return statusOf(client, again.tokens.access_token)
    })
    .toBe(200)
})

test('an auditor opens the reason of an act, marks a session and exports a log that verifies', async () => {
  const operator = await Operator.signIn(story.origin, grace)
  const auditor = await Operator.signIn(story.origin, mary)
  const { id, client, token } = await knownUser(operator)
  await openSession(client, token)
  await whenShipped(story.stateDir)
  const { act } = await perform(operator, { operation: 'end-user', user: id })
  const began = async () => (await eventsOf(auditor, act)).find(({ type }) => type === 'operator.began')
  await expect.poll(began).toBeDefined()
  const event = (await began())?.id ?? ''
  const revealed = await auditor.post('/reveal', {
    act: randomUUID(),
    event,
    reason: 'Review of the quarter',
  })
  expect(revealed.body).toMatchObject({ what: 'reason', fields: { reason: REASON } })
  const sessions = await auditor.get('/sessions', { user: id, isAudited: 'false' })
  expect(sessions.body).toMatchObject({ sessions: [{ user: id, client: client.clientId }] })
  const session = Sessions.parse(sessions.body).sessions[0]?.id ?? ''
  await perform(auditor, { operation: 'audit-session', session })
  expect((await auditor.get('/sessions', { user: id, isAudited: 'true' })).body).toMatchObject({
    sessions: [{ id: session }],
  })

  const folder = mkdtempSync(join(tmpdir(), 'mcp-export-'))
  try {
    const lines = await exportLines(auditor)
    const file = join(folder, 'export.jsonl')
    writeFileSync(file, lines.map((line) => `${JSON.stringify(line)}\n`).join(''))
    const key = join(folder, 'key.json')
    writeFileSync(key, (await audit('key', '--state', story.stateDir)).text, { mode: 0o600 })
    expect(await audit('verify', '--file', file, '--key', key)).toMatchObject({ code: 0 })
    expect(lines.filter(({ kind }) => kind === 'event').length).toBeGreaterThan(10)
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
})

async function exportLines(auditor: Operator): Promise<ExportPage['lines']> {
  const act = randomUUID()
  let page = ExportPage.parse((await auditor.post('/export', { act, reason: 'Review' })).body)
  const lines = [...page.lines]
  while (page.next !== null) {
    page = ExportPage.parse((await auditor.post('/export/pages', { next: page.next })).body)
    lines.push(...page.lines)
  }
  return lines
}
