import { expect, test } from 'vitest'
import { z } from 'zod'
import { Browser } from '#harness/browser.ts'
import { type ClientHome, makeClientHome, runClient } from '#harness/client-program.ts'
import { signIn } from '#harness/sign-in.ts'
import { storyContext } from '#harness/story.ts'

const { mcpUrl, newClient, newUser, signInWith } = storyContext()

// The exit codes in its documentation.
const DONE = 0
const AUTH_REQUIRED = 3

const ERAS = ['legacy', 'modern'] as const
type Era = (typeof ERAS)[number]

const Printed = z.object({ result: z.looseObject({}) })
const Listed = z.object({ tools: z.array(z.object({ name: z.string() })) })

/** Inspector's command line; `store` is its folder for logins. */
const inspect = (home: ClientHome, era: Era, parameters: readonly string[]) =>
  runClient(
    'inspector',
    ['--cli', mcpUrl, '--transport', 'http', '--protocol-era', era, '--format', 'json', ...parameters],
    home,
    { MCP_INSPECTOR_SECRET_STORE: 'file', MCP_AUTO_OPEN_ENABLED: 'true' },
  )

const resultOf = (lines: readonly string[]): unknown =>
  Printed.parse(JSON.parse(lines.find((line) => line.startsWith('{"result"')) ?? 'null')).result

test.for(ERAS)(
  'Inspector’s command line (%s) finds nothing to say about our tools, and calls one',
  async (era) => {
    using home = makeClientHome()
    const { tokens } = await signInWith(await newClient(), { asked: 'todo:read todo:write' })
    const bearer = ['--header', `Authorization: Bearer ${tokens.access_token}`]

    await using list = inspect(home, era, ['--method', 'tools/list', '--strict', ...bearer])
    expect(await list.exit).toBe(DONE)
    // `--strict` reports on stderr which parts of a schema other clients cannot read.
    expect(list.lines).toHaveLength(1)
    expect(Listed.parse(resultOf(list.lines)).tools).toContainEqual({ name: 'addTodo' })

    const call = ['--method', 'tools/call', '--tool-name', 'addTodo', '--tool-arg', 'text=bread']
    await using add = inspect(home, era, [...call, ...bearer])
    expect(await add.exit).toBe(DONE)
    expect(resultOf(add.lines)).toMatchObject({ structuredContent: { todo: { text: 'bread' }, total: 1 } })
  },
)

test.for(ERAS)('Inspector’s command line (%s) without a login says that it needs one', async (era) => {
  using home = makeClientHome()
  await using list = inspect(home, era, ['--method', 'tools/list', '--stored-auth-only'])
  expect(await list.exit).toBe(AUTH_REQUIRED)
  expect(list.lines.join('\n')).toContain('"code":"auth_required"')
})

test.for(ERAS)('Inspector’s command line (%s) logs in by itself, and remembers it', async (era) => {
  using home = makeClientHome()
  const login = ['--callback-url', 'http://127.0.0.1:0/oauth/callback']
  await using list = inspect(home, era, ['--method', 'tools/list', '--strict', ...login])
  const printed = await list.line(/^Please navigate to: http/)
  const browser = new Browser()
  const { stage, page } = await signIn(browser, printed.replace(/^[^:]*: /, ''), { user: newUser() })
  expect(stage).toBe('client')
  expect((await browser.onward(page)).status).toBe(200)
  expect(await list.exit).toBe(DONE)

  const call = ['--method', 'tools/call', '--tool-name', 'listTodos', '--stored-auth-only']
  await using again = inspect(home, era, call)
  expect(await again.exit).toBe(DONE)
  expect(resultOf(again.lines)).toMatchObject({ structuredContent: { todos: [], total: 0 } })
})
