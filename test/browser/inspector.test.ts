import type { Page } from 'playwright-core'
import { expect, test } from 'vitest'
import { startChromium, takeShot } from '#harness/chromium.ts'
import { makeClientHome, runClient } from '#harness/client-program.ts'
import { reservePorts } from '#harness/free-ports.ts'
import { newUser, type User } from '#harness/users.ts'
import { sharedWorld } from '#harness/shared-world.ts'

const { mcpUrl } = sharedWorld()

/** Starts Inspector's server on reserved ports; returns the address of its page. */
async function startInspector(era: string) {
  await using starting = new AsyncDisposableStack()
  const home = starting.use(makeClientHome())
  const { ports } = starting.use(await reservePorts())
  const target = ['--transport', 'http', '--server-url', mcpUrl, '--protocol-era', era]
  const program = starting.use(
    runClient('inspector', ['--web', ...target], home, {
      CLIENT_PORT: String(ports.mcp),
      MCP_SANDBOX_PORT: String(ports.api),
      MCP_AUTO_OPEN_ENABLED: 'false',
      MCP_INSPECTOR_SECRET_STORE: 'memory',
    }),
  )
  const line = await program.line(/http:\S+MCP_INSPECTOR_API_TOKEN=/)
  const everything = starting.move()
  return { url: line.trim(), [Symbol.asyncDispose]: () => everything.disposeAsync() }
}

async function register(page: Page, { username, email, password }: User): Promise<void> {
  await page.getByRole('link', { name: 'Register' }).click()
  await page.getByLabel('Username').fill(username)
  await page.getByLabel('E-mail').fill(email)
  await page.getByLabel('New password').fill(password)
  await page.getByRole('button', { name: 'Register' }).click()
}

/** Answers our consent page and PingOne's. */
const approve = (page: Page) => page.getByRole('button', { name: 'Approve' }).click()
const allow = (page: Page) => page.getByRole('button', { name: 'Allow' }).click()

test.for([
  ['legacy', 'MCP 2025-11-25'],
  ['modern', 'MCP 2026-07-28'],
] as const)(
  'in the web page of Inspector (%s) a user signs in, sees the tools, and allows more when a call needs it',
  async ([era, revision]) => {
    await using inspector = await startInspector(era)
    await using chromium = await startChromium()
    const context = await chromium.newContext({ viewport: { width: 1280, height: 900 } })
    // Its fonts come from the internet; no story needs them.
    const isElsewhere = ({ hostname }: URL) => !['localhost', '127.0.0.1'].includes(hostname)
    await context.route(isElsewhere, (route) => route.abort())
    const page = await context.newPage()
    const tool = (name: string) => page.getByRole('button', { name: new RegExp(` ${name}$`) })
    const execute = () => page.getByRole('button', { name: 'Execute Tool' }).click()

    await page.goto(inspector.url)
    // The clickable element covers the switch.
    await page.getByRole('switch', { name: /^Connect or disconnect/ }).click({ force: true })
    await approve(page)
    await register(page, newUser())
    await allow(page)
    await page.getByText('Connected', { exact: true }).waitFor()
    await page.getByText(revision).waitFor()

    await page.getByText('Tools', { exact: true }).click()
    await tool('listTodos').click()
    await execute()
    await page.getByText('There are no todos.').waitFor()
    await takeShot(page, `inspector-${era}-listed`)

    await tool('addTodo').click()
    await page.getByRole('textbox', { name: 'text' }).fill('bread')
    await execute()
    await page.getByRole('dialog').getByText('todo:write').first().waitFor()
    await takeShot(page, `inspector-${era}-more`)
    await page.getByRole('button', { name: 'Authorize' }).click()
    await approve(page)
    await allow(page)
    await page.getByText('Step-up authorization succeeded').waitFor()
    // It came back with the form unchanged.
    expect(await page.getByRole('textbox', { name: 'text' }).inputValue()).toBe('bread')
    await execute()
    await page.getByText('Added. The list now has 1 todo.').waitFor()
    await takeShot(page, `inspector-${era}-added`)
  },
)
