import { readFileSync, writeFileSync } from 'node:fs'
import { z } from 'zod'
import { Browser } from '#harness/browser.ts'
import { type ClientHome, makeClientHome, runClient } from '#harness/client-program.ts'
import { newUser, type User } from '#harness/users.ts'
import { signIn } from '#harness/sign-in.ts'
import { answerStepUp, linkIn } from '#harness/step-up.ts'
import { BY_LINK, type Cells, verify, corrupted, YES } from './features.ts'

export type Era = 'legacy' | 'modern'

interface RunOptions {
  home: ClientHome
  era: Era
  user: User
}

/** Runs Inspector's command line once; a user signs in at any address that it prints. */
async function run(mcpUrl: string, { home, era, user }: RunOptions, parameters: readonly string[]) {
  const common = ['--cli', mcpUrl, '--transport', 'http', '--protocol-era', era, '--format', 'json']
  const login = ['--callback-url', 'http://127.0.0.1:0/oauth/callback']
  await using program = runClient('inspector', [...common, ...login, ...parameters], home, {
    MCP_INSPECTOR_SECRET_STORE: 'file',
    MCP_AUTO_OPEN_ENABLED: 'true',
  })
  const printed = await Promise.race([
    program.exit.then(() => undefined),
    // Without a login it ends without printing this line.
    program.line(/^Please navigate to: http/).catch(() => undefined),
  ])
  if (printed !== undefined) {
    const browser = new Browser()
    const { page } = await signIn(browser, printed.replace(/^[^:]*: /, ''), { user })
    await browser.onward(page)
  }
  const code = await program.exit
  return { code, hasSignedIn: printed !== undefined, text: program.lines.join('\n') }
}

const DONE = 0
const TOOL_ERROR = 5
const NO_OPTION = 'no: its command line has nothing for it'

export async function inspectorCells(era: Era, mcpUrl: string): Promise<Cells> {
  using home = makeClientHome()
  const who = { home, era, user: newUser() }
  const ask = (...parameters: string[]) => run(mcpUrl, who, parameters)
  const call = (name: string, input: unknown) =>
    ask('--method', 'tools/call', '--tool-name', name, '--tool-args-json', JSON.stringify(input))
  const shows = async (what: string, ...parameters: string[]) => {
    const { code, text } = await ask('--method', ...parameters)
    verify(`${parameters.join(' ')} shows ${what}`, code === DONE && text.includes(what))
  }

  await shows('deleteTodo', 'tools/list', '--strict')
  const stepUp = await checkStepUp(who.user, () => call('addTodo', { text: 'from a step-up' }))
  await shows('todo://items/{id}', 'resources/templates/list')
  await shows('from a step-up', 'resources/read', '--uri', 'todo://list')
  await shows('from a step-up', 'prompts/get', '--prompt-name', 'planMyDay')
  const { text } = await call('listTodos', {})
  const ids = [/"id\\?":\s*\\?"([\w-]+)/.exec(text)?.[1]]
  const asked = await call('deleteTodo', { ids })
  verify('it is told to ask', asked.code === TOOL_ERROR && asked.text.includes('confirm: true'))
  verify('and then deletes', (await call('deleteTodo', { ids, confirm: true })).code === DONE)
  const completion = await ask('--method', 'prompts/complete')
  verify('no completion', completion.text.includes('Unsupported method'))
  const help = (await ask('--help')).text
  verify('nothing of progress or cancelling', !/progress|cancel/i.test(help))
  corruptStoredToken(home)
  const again = await call('listTodos', {})
  verify('a refresh and no login', again.code === DONE && !again.hasSignedIn)
  return {
    tools: YES,
    resources: YES,
    prompts: YES,
    completion: NO_OPTION,
    elicitation:
      'no: its command line shows no forms; the tool says what it would do, and that it needs `confirm: true`',
    progress: NO_OPTION,
    cancellation: NO_OPTION,
    'step-up': stepUp,
    refresh: YES,
  }
}

/**
 * It answers the first 403 with a refresh, which fails. The second answer is a tool error, and it shows the
 * link. After the user agrees, the next call succeeds, because its token follows the grant.
 */
async function checkStepUp(user: User, add: () => ReturnType<typeof run>): Promise<string> {
  verify('it fails about the refresh', (await add()).code === 1)
  const { code, text } = await add()
  // Its output is JSON, so the line break before the link is escaped.
  const link = linkIn(text.replaceAll(String.raw`\n`, '\n'))
  verify('a link in the answer', code === TOOL_ERROR && link !== undefined)
  await answerStepUp(link ?? '', user)
  verify('the todo, with the token that it has', (await add()).code === DONE)
  return BY_LINK
}

const Secrets = z.looseObject({ secrets: z.record(z.string(), z.string()) })
const Tokens = z.looseObject({ access_token: z.string() })

/** Invalidates its access token; the refresh token stays valid. */
function corruptStoredToken(home: ClientHome): void {
  const path = `${home.path}/.mcp-inspector/secrets.json`
  const stored = Secrets.parse(JSON.parse(readFileSync(path, 'utf8')))
  const corruptToken = (secret: string) => {
    const tokens = Tokens.safeParse(JSON.parse(secret))
    if (!tokens.success) return secret
    return JSON.stringify({ ...tokens.data, access_token: corrupted(tokens.data.access_token) })
  }
  const secrets = Object.fromEntries(
    Object.entries(stored.secrets).map(([name, secret]) => [
      name,
      name.includes('tokens') ? corruptToken(secret) : secret,
    ]),
  )
  writeFileSync(path, JSON.stringify({ ...stored, secrets }))
}
