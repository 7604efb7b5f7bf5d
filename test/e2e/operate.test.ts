import { randomUUID } from 'node:crypto'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, expect, test } from 'vitest'
import { ExportPage, Preview, Sessions, ShownUser, Users } from '#operate/api-schema.ts'
import { checkCodeOf } from '#operate/native-client.ts'
import { Operator, OperatorSignIn } from '#harness/operator.ts'
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
    body: { name: 'Grace Hopper', username: 'grace', roles: ['viewer', 'operator', 'policy-editor'] },
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
