import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test, vi } from 'vitest'
import { z } from 'zod'
import { Browser } from '#harness/browser.ts'
import type { OAuthClient } from '#harness/oauth-client.ts'
import { continueSignIn, signIn } from '#harness/sign-in.ts'
import { storyContext } from '#harness/story.ts'
import { callToolStateless, openSession } from '#harness/transport.ts'
import { grace, mary, type User } from '#harness/users.ts'
import { audit, signHead, whenShipped } from '../support/local-records.ts'
import { OperatorAtTerminal } from '../support/operate-command.ts'

const story = storyContext()
const { origin, stateDir, newClient, newUser, signInWith } = story
const operator = new OperatorAtTerminal(origin, grace)
const auditor = new OperatorAtTerminal(origin, mary)
const folder = mkdtempSync(join(tmpdir(), 'mcp-operate-'))
afterAll(() => {
  operator[Symbol.dispose]()
  auditor[Symbol.dispose]()
  rmSync(folder, { recursive: true, force: true })
})

const WRONG_USE = 2
const WAIT = { timeout: 30_000, interval: 200 }
const ALL = 'todo:read todo:write'

/** A new user with a grant of a new client. */
async function newGrant(): Promise<{ client: OAuthClient; user: User; bearer: string }> {
  const client = await newClient()
  const user = newUser('bob')
  const { tokens } = await signInWith(client, { user, asked: ALL })
  return { client, user, bearer: tokens.access_token }
}

const statusOf = async (client: OAuthClient, bearer: string): Promise<number> =>
  (await callToolStateless(client, bearer, 'listTodos')).status

const Shown = z.object({
  id: z.string(),
  isBlocked: z.boolean(),
  grants: z.array(z.object({ id: z.string(), ended: z.object({ reason: z.string() }).nullable() })),
})
const show = async ({ username }: User) => {
  const { json, text } = await operator.run('show', '--user', username, '--format', 'json')
  const shown = Shown.safeParse(json)
  if (!shown.success) throw new Error(text)
  return shown.data
}

/** The directory has a user as soon as their first events are shipped. */
async function whenKnown(user: User) {
  await whenShipped(stateDir)
  return vi.waitFor(() => show(user), WAIT)
}

test('an operator sees which clients act for a user, and ends them: the next call is 401', async () => {
  const { client, user, bearer } = await newGrant()
  const other = await newClient()
  const { tokens } = await signInWith(other, { user })
  await whenKnown(user)

  const listed = await operator.run('list', '--user', user.username)
  expect(listed).toMatchObject({ code: 0, text: expect.stringContaining(client.clientId) })
  expect(listed.text).toContain(other.clientId)
  const users = await operator.run('list', '--client', client.clientId)
  expect(users).toMatchObject({ code: 0, text: expect.stringContaining(user.username) })

  const { grants } = await show(user)
  const [first] = grants
  const words = ['end', '--user', user.username, '--reason', 'left the company', '--yes']
  const one = await operator.run(...words, '--grant', first?.id ?? '')
  expect(one).toMatchObject({ code: 0, text: expect.stringContaining('Done: 1 user, 1 grant.') })
  const statuses = await Promise.all([statusOf(client, bearer), statusOf(other, tokens.access_token)])
  expect(statuses.toSorted((a, b) => a - b)).toEqual([200, 401])

  const all = await operator.run(...words)
  expect(all).toMatchObject({ code: 0, text: expect.stringContaining('It affects 1 user, 1 grant.') })
  expect(await statusOf(client, bearer)).toBe(401)
  expect(await statusOf(other, tokens.access_token)).toBe(401)
  expect((await show(user)).grants.map(({ ended }) => ended?.reason)).toEqual([
    'ended_by_operator',
    'ended_by_operator',
  ])
  // The same sign-in served all of it.
  expect(operator.signIns).toBe(1)
})

test('a client is ended for all its users', async () => {
  const { client, user, bearer } = await newGrant()
  const other = await signInWith(client, { user: newUser() })
  await whenKnown(user)
  const { code, text } = await operator.run('end', '--client', client.clientId, '--reason', 'x', '--yes')
  expect({ code, text }).toMatchObject({ code: 0, text: expect.stringContaining('Done: 2 users, 2 grants.') })
  expect(await statusOf(client, bearer)).toBe(401)
  expect(await statusOf(client, other.tokens.access_token)).toBe(401)
  expect((await operator.run('cutoffs')).text).toContain(client.clientId)
})

test('a block ends the login that is under way too, until the user is unblocked', async () => {
  const { client, user, bearer } = await newGrant()
  await whenKnown(user)
  const browser = new Browser()
  const { url } = client.authorize({ scope: ALL })
  const underWay = await signIn(browser, url, { user, stopBefore: 'callback' })
  expect(underWay.stage).toBe('callback')

  const block = await operator.run('block', '--user', user.username, '--reason', 'ticket 42', '--yes')
  expect(block.code).toBe(0)
  expect(await statusOf(client, bearer)).toBe(401)
  const end = await continueSignIn(browser, underWay.page, client.redirectUri, { user })
  expect(end.answer?.get('code') ?? null).toBeNull()
  expect((await show(user)).isBlocked).toBe(true)
  await expect(signInWith(client, { user })).rejects.toThrow('no code')

  const unblock = await operator.run('unblock', '--user', user.username, '--reason', 'closed', '--yes')
  expect(unblock.code).toBe(0)
  expect(await statusOf(client, bearer)).toBe(401)
  const again = await signInWith(client, { user })
  expect(await statusOf(client, again.tokens.access_token)).toBe(200)
})

test('an erased user is gone from the directory', async () => {
  const { client, user, bearer } = await newGrant()
  const { id } = await whenKnown(user)
  const erased = await operator.run('erase', '--user', id, '--reason', 'request', '--yes')
  expect(erased).toMatchObject({ code: 0, text: expect.stringContaining('1 grant') })
  expect(await statusOf(client, bearer)).toBe(401)
  await vi.waitFor(async () => {
    const gone = await operator.run('show', '--user', user.username)
    expect(gone.text).toContain('No user has the id, the username or the whole name')
    expect(gone.code).toBe(1)
  }, WAIT)
})

const Sessions = z.object({
  sessions: z.array(z.object({ id: z.string(), auditedAt: z.string().nullable() })),
})
const sessionsOf = async (user: User, ...more: string[]) => {
  const words = ['sessions', 'list', '--user', user.username, '--format', 'json', ...more]
  return Sessions.parse((await auditor.run(...words)).json).sessions
}

test('an auditor marks a session as audited, and an operator may not', async () => {
  const { client, user, bearer } = await newGrant()
  await openSession(client, bearer)
  await whenKnown(user)
  const [session] = await vi.waitFor(async () => {
    const open = await sessionsOf(user, '--open', '--unaudited')
    expect(open).toHaveLength(1)
    return open
  }, WAIT)
  const words = ['sessions', 'audited', session?.id ?? '', '--note', 'nothing unusual']
  expect(await operator.run(...words)).toMatchObject({ code: 1 })
  expect(await auditor.run(...words)).toMatchObject({ code: 0 })
  expect(await sessionsOf(user, '--unaudited')).toEqual([])
  expect(await sessionsOf(user)).toMatchObject([{ auditedAt: expect.any(String) }])
})

const Events = z.object({ events: z.array(z.object({ id: z.string() })) })

test('an auditor reveals what a call said, with both commands, and an operator may not', async () => {
  const { client, user, bearer } = await newGrant()
  const text = `bread ${crypto.randomUUID()}`
  expect((await callToolStateless(client, bearer, 'addTodo', { text })).status).toBe(200)
  await whenShipped(stateDir)
  const words = ['events', '--user', user.username, '--tool', 'addTodo', '--format', 'json']
  const { events } = Events.parse((await auditor.run(...words)).json)
  expect(events).toHaveLength(1)
  const [event] = events
  const reveal = ['reveal', event?.id ?? '', '--reason', 'ticket 42']
  const refused = await operator.run(...reveal)
  expect(refused.code).toBe(1)
  expect(refused.text).not.toContain(text)
  const revealed = await auditor.run(...reveal)
  expect(revealed).toMatchObject({ code: 0, text: expect.stringContaining(text) })
  // `npm run audit -- reveal` uses the same sign-in.
  const place = ['--server', origin, '--state', auditor.state]
  expect(await audit(...reveal, ...place)).toMatchObject({ code: 0, text: expect.stringContaining(text) })
  expect(auditor.signIns).toBe(1)

  await whenShipped(stateDir)
  const acts = ['events', '--type', 'operator.began', '--user', await idOf(auditor), '--format', 'json']
  const { json, text: printed } = await auditor.run(...acts)
  const reveals = Acts.parse(json).events.filter(({ event: { subject } }) => subject === event?.id)
  expect(reveals.map(({ event: { operation } }) => operation)).toEqual(['reveal', 'reveal'])
  expect(printed).not.toContain('ticket 42')
})

const Acts = z.object({
  events: z.array(z.object({ event: z.object({ operation: z.string(), subject: z.string().optional() }) })),
})
const Me = z.object({ id: z.string() })
const idOf = async (who: OperatorAtTerminal) => Me.parse((await who.run('me', '--format', 'json')).json).id

test('an export through the server verifies like one of the database', async () => {
  await newGrant()
  await whenShipped(stateDir)
  await signHead(origin)
  const out = join(folder, 'export.jsonl')
  const key = join(folder, 'key.json')
  writeFileSync(key, (await audit('key', '--state', stateDir)).text)
  expect((await operator.run('export', '--out', out, '--reason', 'x')).code).toBe(1)
  const exported = await auditor.run('export', '--out', out, '--reason', 'yearly audit')
  expect(exported).toMatchObject({ code: 0, text: expect.stringContaining('(mode 0600)') })
  expect(statSync(out).mode & 0o777).toBe(0o600)
  const verified = await audit('verify', '--file', out, '--key', key)
  expect(verified).toMatchObject({ code: 0, text: expect.stringContaining('tamper-evident up to head') })
})

test('a user without a role, and an unknown user, get nowhere', async () => {
  using stranger = new OperatorAtTerminal(origin, newUser('eve'))
  await using command = stranger.start('list')
  await expect(stranger.signIn(command)).rejects.toThrow('no operator: 403')

  expect(await operator.run('show', '--user', 'nobody-has-this-name')).toMatchObject({ code: 1 })
  expect(await operator.run('end', '--user', 'x')).toMatchObject({ code: WRONG_USE })
})

test('after signing out the next command signs in again', async () => {
  using again = new OperatorAtTerminal(origin, grace)
  expect(await again.run('me')).toMatchObject({ code: 0, text: expect.stringContaining('viewer, operator') })
  expect(await again.run('sign-out')).toMatchObject({ code: 0 })
  expect(await again.run('me')).toMatchObject({ code: 0 })
  expect(again.signIns).toBe(2)
})
