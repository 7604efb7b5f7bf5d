import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { SETTING_NAMES } from '#harness/local/settings.ts'
import { Browser } from '#harness/browser.ts'
import { reservePorts } from '#harness/free-ports.ts'
import { connectV1, connectV2, MCP_CLIENTS, connectMcp, withSignIn } from '#harness/mcp-clients.ts'
import { OwnPage } from '#harness/own-page.ts'
import { type RunningCommand, runCommand } from '#harness/run-command.ts'
import { callToolStateless } from '#harness/transport.ts'
import { answerStepUp, linkIn } from '#harness/step-up.ts'
import { storyContext } from '#harness/story.ts'

// The engine with examples/notes: `npm start -- --product notes`, and no file is changed.

const ALL = 'notes:read notes:write notes:delete'
const state = mkdtempSync(join(tmpdir(), 'mcp-notes-'))
const place = new AsyncDisposableStack()
place.defer(() => rmSync(state, { recursive: true, force: true, maxRetries: 3 }))
let start: RunningCommand
let story: ReturnType<typeof storyContext>

const npmStart = (ports: Awaited<ReturnType<typeof reservePorts>>['ports'], product: string) =>
  runCommand('npm', ['start', '--', '--product', product, '--state', state, '--settings', '/dev/null'], {
    ...Object.fromEntries(SETTING_NAMES.map((name) => [name, ''])),
    MCP_PORT: String(ports.mcp),
    TODO_API_PORT: String(ports.api),
    PINGONE_PORT: String(ports.pingone),
  })

beforeAll(async () => {
  const { ports } = place.use(await reservePorts())
  start = place.use(npmStart(ports, 'notes'))
  await start.line(/^ready /)
  const at = (port: number) => `http://localhost:${port}`
  story = storyContext({
    origin: at(ports.mcp),
    mcpUrl: `${at(ports.mcp)}/mcp`,
    issuer: '',
    emulatorOrigin: at(ports.pingone),
    apiOrigin: at(ports.api),
    stateDir: state,
  })
}, 120_000)
afterAll(() => place.disposeAsync())

/** Whatever a test has seen; the last test reads all of it. */
const shown: string[] = []
const seen = <T>(value: T): T => {
  shown.push(typeof value === 'string' ? value : JSON.stringify(value))
  return value
}

test('the banner has the title of the product and how to connect it', () => {
  const banner = start.lines.join('\n')
  expect(banner).toMatch(/Product +Notes +\(examples\/notes\)/)
  expect(banner).toContain(`claude mcp add --transport http notes ${story.mcpUrl}`)
  expect(banner).toMatch(new RegExp(`Notes API +${story.apiOrigin}`))
})

test.for(MCP_CLIENTS)('the tools, the resource and the prompt work with %s', async (kind) => {
  const options = { signIn: { user: story.newUser() }, keepsRefreshTokens: false }
  await using connection = await connectMcp(kind, story.mcpUrl, options)
  const call = async (name: string, input: Record<string, unknown> = {}) =>
    seen(await withSignIn(connection, () => connection.callTool(name, input)))
  const added = await call('addNote', { text: 'Milk and honey' })
  expect(added).toMatchObject({ structuredContent: { text: 'Milk and honey' } })
  const [, id = ''] = /"id":"([^"]+)"/.exec(JSON.stringify(added)) ?? []
  await call('addNote', { text: 'Bread' })
  expect(await call('searchNotes', { words: 'HONEY' })).toMatchObject({ structuredContent: { total: 1 } })
  expect(await call('deleteNote', { id, confirm: true })).toMatchObject({
    structuredContent: { deleted: id },
  })
  expect(await call('listNotes')).toMatchObject({
    structuredContent: { total: 1, shown: [{ text: 'Bread' }] },
  })
  // SDK 1 requests exactly the scopes of the challenge, which names those that it has too.
  expect(await call('whoAmI')).toMatchObject({ structuredContent: { scopes: ALL.split(' ') } })
})

test('both transports announce the tools of the product, that of the engine, the resource and the prompt', async () => {
  const user = story.newUser()
  await using one = await connectV1(story.mcpUrl, { signIn: { user } })
  await using other = await connectV2(story.mcpUrl, '2026', { signIn: { user } })
  const names = ['whoAmI', 'listNotes', 'searchNotes', 'addNote', 'deleteNote', 'findMyActivity', 'myAccess']
  for (const { client } of [one, other]) {
    const { tools } = seen(await client.listTools())
    expect(tools.map(({ name }) => name)).toEqual(names)
    const { resources } = seen(await client.listResources())
    expect(resources.map(({ uri }) => uri)).toEqual(['notes://list'])
    const { contents } = seen(await client.readResource({ uri: 'notes://list' }))
    expect(JSON.stringify(contents)).toContain('total')
    const { messages } = seen(await client.getPrompt({ name: 'summarizeNotes' }))
    expect(JSON.stringify(messages)).toContain('Group the notes')
  }
})

test('the consent page asks for three scopes, and a user allows less', async () => {
  const client = await story.newClient()
  expect(client.challengedScope).toBe('notes:read')
  const page = await new Browser().open(client.authorize({ scope: ALL }).url)
  seen(page.text)
  for (const sentence of ['Read your notes', 'Add notes', 'Delete notes for good'])
    expect(page.text).toContain(sentence)
  const { tokens } = await story.signInWith(client, { asked: ALL, scopes: ['notes:read', 'notes:write'] })
  expect(tokens.scope).toBe('notes:read notes:write')
  const refused = await callToolStateless(client, tokens.access_token, 'deleteNote', { id: 'x' })
  expect(refused.status).toBe(403)
  expect(refused.headers.get('www-authenticate')).toContain('scope="notes:read notes:write notes:delete"')
})

test('a user allows notes:delete by the link, and it counts at once', async () => {
  const client = await story.newClient()
  const { tokens, user, browser } = await story.signInWith(client, { asked: 'notes:read notes:write' })
  const call = async (name: string, input = {}) =>
    seen(await callToolStateless(client, tokens.access_token, name, input))
  const added = await call('addNote', { text: 'old' })
  const [, id = ''] = /"id":"([^"]+)","text":"old"/.exec(JSON.stringify(added.body)) ?? []
  const refused = await call('deleteNote', { id })
  const link = linkIn(refused.body) ?? ''
  const page = seen((await browser.open(link)).text)
  expect(page).toContain('Delete notes for good')
  expect(seen(await answerStepUp(link, user, { browser })).status).toBe(200)
  expect(JSON.stringify((await call('deleteNote', { id })).body)).toContain(
    'The user must agree to this first',
  )
  expect((await call('deleteNote', { id, confirm: true })).body).toMatchObject({
    result: { structuredContent: { deleted: id } },
  })
  const gone = await call('deleteNote', { id, confirm: true })
  expect(JSON.stringify(gone.body)).toContain('There is no note with this id.')
  expect(JSON.stringify(gone.body)).toContain('listNotes')
  const me = await OwnPage.signIn(story.origin, user, browser)
  expect(seen(me.page.text)).toContain('Delete notes for good')
})

test('the API takes PingOne’s tokens alone, and says no as a problem document', async () => {
  const client = await story.newClient()
  const { tokens } = await story.signInWith(client, { asked: ALL })
  // Our token is none of PingOne's: the API takes no other.
  const direct = await fetch(`${story.apiOrigin}/v1/notes`, {
    headers: { authorization: `Bearer ${tokens.access_token}` },
  })
  expect([direct.status, direct.headers.get('content-type')]).toEqual([401, 'application/problem+json'])
  expect(await direct.json()).toMatchObject({ status: 401, code: 'token_invalid' })
})

test('the state belongs to one product', async () => {
  await using ports = await reservePorts()
  await start[Symbol.asyncDispose]()
  await using other = npmStart(ports.ports, 'todos')
  expect(await other.exit).toBe(1)
  expect(other.lines.join('\n')).toContain('belongs to the product notes, not to todos')
}, 60_000)

test('nothing that anyone sees or reads in a log has a word of another product', () => {
  const logs = readdirSync(join(state, 'logs'))
    .map((file) => join(state, 'logs', file))
    .filter((file) => statSync(file).isFile())
    .map((file) => readFileSync(file, 'utf8'))
  // The name of the setting for the API's port is part of the contract.
  const all = [...shown, ...start.lines, ...logs].join('\n').replaceAll('TODO_API_PORT', '')
  expect(shown.length).toBeGreaterThan(20)
  expect(all.split('\n').filter((line) => /todo/i.test(line))).toEqual([])
})
